package dev.penstock.journal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Rebuilds the disk as a crash at any call might have left it, and starts on it: every acknowledged
 * line is there, no line is there that was never written, and the chain goes on.
 */
final class JournalCrashTest {
    private static final Path FOLDER = Path.of("data", "audit");
    private static final Pattern LINE =
            Pattern.compile(
                    "\\{\"w\":\"n1\",\"seq\":([0-9]+),\"prev\":\"[0-9a-f]{64}\",(.*),"
                            + "\"crc\":\"[0-9a-f]{8}\"}");
    private static final String HEADER = "\"kind\":\"header\"";

    /** What a run wrote and was told. */
    private static final class Run {
        final MemoryFiles files;
        final Map<Long, Set<String>> written = new HashMap<>();
        final Map<Long, Integer> acknowledgedAt = new TreeMap<>();
        final Map<Long, String> acknowledged = new HashMap<>();
        private final Map<Long, String> waiting = new HashMap<>();

        Run(MemoryFiles files) {
            this.files = files;
        }

        void appended(Journal journal, long seq, String body) {
            waiting.put(seq, body);
            note(journal);
        }

        void note(Journal journal) {
            waiting.entrySet()
                    .removeIf(line -> {
                        boolean isIn = line.getKey() <= journal.acknowledgedSeq();
                        if (isIn) {
                            acknowledgedAt.put(line.getKey(), files.moment());
                            acknowledged.put(line.getKey(), line.getValue());
                        }
                        return isIn;
                    });
        }

        void lost() {
            waiting.clear();
        }
    }

    private static Journal open(DurableFiles files, Journal.Sync sync) throws IOException {
        Journal.Settings settings = new Journal.Settings("n1", sync, Long.MAX_VALUE, 1_500);
        return Journal.open(files, FOLDER, settings, () -> 0, () -> "{\"v\":1}".getBytes(UTF_8));
    }

    private static String body(int i) {
        // Below, at and above the 512 bytes that a disk writes as one.
        int[] lengths = {3, 300, 512, 1_400, 40, 700};
        return "\"n\":" + i + ",\"text\":\"" + "abcdefghij".repeat(lengths[i % 6] / 10) + "\"";
    }

    private static byte[] object(String body) {
        return ("{" + body + "}").getBytes(UTF_8);
    }

    /**
     * Two lives with two segments each. After a fault the same process goes on, or another is
     * started on the same page cache; then the step is tried again.
     */
    private static Run work(MemoryFiles files, Journal.Sync sync, boolean isRestarted) {
        Run run = new Run(files);
        Worker worker = new Worker(run, sync, isRestarted);
        int line = 0;
        for (int life = 0; life < 2; life++) {
            worker.journal = tryOpen(files, sync);
            for (int i = 0; i < 7; i++) {
                String body = body(line++);
                worker.attempt(() -> worker.append(body));
                if (i == 3) {
                    worker.attempt(() -> worker.journal.roll());
                }
            }
            worker.attempt(() -> worker.journal.close());
        }
        return run;
    }

    private static Run work(MemoryFiles files, Journal.Sync sync) {
        return work(files, sync, false);
    }

    private static Journal tryOpen(MemoryFiles files, Journal.Sync sync) {
        for (int i = 0; i < 5; i++) {
            try {
                return open(files, sync);
            } catch (IOException e) {
                // The fault passes.
            }
        }
        throw new AssertionError("it never opened");
    }

    private interface Act {
        void run() throws IOException;
    }

    private static final class Worker {
        private final Run run;
        private final Journal.Sync sync;
        private final boolean isRestarted;
        private Journal journal;

        Worker(Run run, Journal.Sync sync, boolean isRestarted) {
            this.run = run;
            this.sync = sync;
            this.isRestarted = isRestarted;
        }

        void append(String body) throws IOException {
            // A header may come first, and lines may wait, so a line may become any of these.
            for (long seq = journal.acknowledgedSeq() + 1;
                    seq < journal.acknowledgedSeq() + 20;
                    seq++) {
                run.written.computeIfAbsent(seq, s -> new HashSet<>()).add(body);
            }
            run.appended(journal, journal.append(object(body)), body);
        }

        void attempt(Act act) {
            for (int i = 0; i < 6; i++) {
                try {
                    if (journal.isRetired()) {
                        journal.reopen();
                        run.note(journal);
                        run.lost();
                    }
                    act.run();
                    run.note(journal);
                    return;
                } catch (IOException e) {
                    if (isRestarted) {
                        run.lost();
                        journal = tryOpen(run.files, sync);
                    }
                }
            }
            throw new AssertionError("it never went through");
        }
    }

    /** Why the image is wrong; empty if it is not. */
    private static String judge(Run run, int moment, Map<Path, byte[]> image) {
        MemoryFiles files = new MemoryFiles(image);
        try {
            Journal journal = open(files, Journal.Sync.ALWAYS);
            String fault = judgeLines(run, moment, readLines(files));
            if (!fault.isEmpty()) {
                return fault;
            }
            long seq = journal.append(object("\"n\":\"after\""));
            journal.close();
            // The next crash comes at once: what recovery took over must be certain by now.
            List<String> faults = new ArrayList<>();
            files.imagesAfter(image)
                    .at(
                            files.moment(),
                            1,
                            new Random(1),
                            again -> faults.add(judgeChain(again, seq)));
            faults.removeIf(String::isEmpty);
            return faults.isEmpty() ? "" : faults.getFirst();
        } catch (IOException | RuntimeException e) {
            return "start failed: " + e;
        }
    }

    private static String judgeChain(Map<Path, byte[]> image, long seq) {
        try {
            MemoryFiles files = new MemoryFiles(image);
            var result = ChainCheck.verify(files, FOLDER, "n1", null);
            return result instanceof ChainCheck.Whole whole && whole.lines() == seq
                    ? ""
                    : "after another start, seq " + seq + ": " + result;
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static List<String> readLines(MemoryFiles files) throws IOException {
        List<String> lines = new ArrayList<>();
        for (Segment segment : Segment.list(files, FOLDER, "n1")) {
            try (JournalReader reader = JournalReader.open(files, segment)) {
                for (JournalLine line = reader.next(); line != null; line = reader.next()) {
                    lines.add(new String(line.bytes(), UTF_8));
                }
            }
        }
        return lines;
    }

    /** Every line that ends, as a reader without the checksum test takes it. */
    private static List<String> splitLines(Map<Path, byte[]> image) {
        List<String> lines = new ArrayList<>();
        image.forEach((path, bytes) -> {
            if (path.toString().endsWith(".jsonl")) {
                String text = new String(bytes, UTF_8);
                int end = text.lastIndexOf('\n');
                text.substring(0, end + 1).lines().forEach(lines::add);
            }
        });
        return lines;
    }

    private static String judgeLines(Run run, int moment, List<String> lines) {
        Map<Long, String> found = new HashMap<>();
        long last = 0;
        for (String line : lines) {
            Matcher parts = LINE.matcher(line);
            if (!parts.matches()) {
                return "no line of ours: " + line;
            }
            long seq = Long.parseLong(parts.group(1));
            if (seq != last + 1) {
                return "seq " + seq + " after " + last;
            }
            last = seq;
            String body = parts.group(2);
            if (!body.startsWith(HEADER)
                    && !run.written.getOrDefault(seq, Set.of()).contains(body)) {
                return "never written at " + seq + ": " + body;
            }
            found.put(seq, body);
        }
        for (var each : run.acknowledgedAt.entrySet()) {
            String body = run.acknowledged.get(each.getKey());
            if (each.getValue() <= moment && !body.equals(found.get(each.getKey()))) {
                return "acknowledged line " + each.getKey() + " is lost";
            }
        }
        return "";
    }

    private interface Judge {
        String judge(Run run, int moment, Map<Path, byte[]> image);
    }

    private static List<String> faults(Run run, int randomImages) {
        return faults(run, randomImages, 1, JournalCrashTest::judge);
    }

    private static List<String> faults(Run run, int randomImages, int step, Judge judge) {
        List<String> faults = new ArrayList<>();
        CrashImages images = run.files.images();
        Random random = new Random(20_26);
        for (int moment = run.files.moment(); moment >= 0; moment -= step) {
            int at = moment;
            images.at(
                    moment,
                    randomImages,
                    random,
                    image -> {
                        String fault = judge.judge(run, at, image);
                        if (!fault.isEmpty()) {
                            faults.add("crash after call " + at + ": " + fault);
                        }
                    });
        }
        return faults;
    }

    @ParameterizedTest
    @EnumSource(Journal.Sync.class)
    void everyAcknowledgedLineSurvivesACrashAtAnyCall(Journal.Sync sync) {
        Run run = work(new MemoryFiles(), sync);
        assertEquals(14, run.acknowledged.size());
        assertEquals(List.of(), faults(run, 40));
    }

    @ParameterizedTest
    @EnumSource(MemoryFiles.Fault.class)
    void everyAcknowledgedLineSurvivesAFaultAtAnyCall(MemoryFiles.Fault fault) {
        surviveFaults(fault, 13);
    }

    @ParameterizedTest
    @EnumSource(MemoryFiles.Fault.class)
    @Tag("soak")
    @EnabledIfSystemProperty(named = "penstock.soak", matches = "true")
    void everyAcknowledgedLineSurvivesAFaultAndThenACrash(MemoryFiles.Fault fault) {
        surviveFaults(fault, 1);
    }

    private static void surviveFaults(MemoryFiles.Fault fault, int step) {
        for (Journal.Sync sync : Journal.Sync.values()) {
            int calls = callsWithoutFault(sync);
            for (int at = 0; at < calls; at++) {
                for (int count = 1; count <= (step == 1 ? 3 : 1); count += 2) {
                    boolean isRestarted = (at + count / 2) % 2 == 0;
                    Run run = work(new MemoryFiles().failing(fault, at, count), sync, isRestarted);
                    assertEquals(
                            List.of(),
                            faults(run, 1, step, JournalCrashTest::judge),
                            sync + " " + fault + " " + at + " " + count + " " + isRestarted);
                }
            }
        }
    }

    private static int callsWithoutFault(Journal.Sync sync) {
        MemoryFiles files = new MemoryFiles();
        assertNotNull(work(files, sync));
        return files.faultableCalls();
    }

    @Test
    void aLineThatIsOnlyInThePageCacheAfterAFailedForceIsWrittenAgain() {
        int calls = callsWithoutFault(Journal.Sync.ALWAYS);
        for (int at = 0; at < calls; at++) {
            Run run =
                    work(
                            new MemoryFiles().failing(MemoryFiles.Fault.EIO, at, 1),
                            Journal.Sync.ALWAYS,
                            true);
            assertEquals(List.of(), faults(run, 0, 3, JournalCrashTest::judge), "fault at " + at);
        }
    }

    @Test
    void theChainIsWholeAfterARunWithFaults() throws IOException {
        MemoryFiles files = new MemoryFiles().failing(MemoryFiles.Fault.ENOSPC, 9, 4);
        Run run = work(files, Journal.Sync.ALWAYS);
        var whole =
                assertInstanceOf(
                        ChainCheck.Whole.class, ChainCheck.verify(files, FOLDER, "n1", null));
        assertTrue(whole.lines() > run.acknowledged.size());
    }

    @Test
    void aReaderWithoutTheChecksumTestIsCaught() {
        Run run = work(new MemoryFiles(), Journal.Sync.INTERVAL);
        assertTrue(
                !faults(run, 40, 1, (r, at, image) -> judgeLines(r, at, splitLines(image)))
                        .isEmpty());
    }

    @Test
    void anAcknowledgementBeforeTheForceIsCaught() {
        Run run = work(new MemoryFiles().withoutForce(), Journal.Sync.ALWAYS);
        assertTrue(!faults(run, 4).isEmpty());
    }

    @Test
    void anAcknowledgementBeforeTheNameIsCertainIsCaught() {
        Run run = work(new MemoryFiles().withoutFolderSync(), Journal.Sync.ALWAYS);
        assertTrue(!faults(run, 4).isEmpty());
    }
}
