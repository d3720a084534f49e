package dev.penstock.lineage.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.penstock.journal.DurableFiles;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

/**
 * A real process that fills a log, of which the n-th system call of a kind fails or kills it, for n
 * = 1, 2, 3, … until a run ends untouched; and what a start after it then makes of the folder.
 */
@Tag("soak")
@EnabledIfSystemProperty(named = "penstock.soak", matches = "true")
final class LineageSystemCallFaultTest {
    private static final int MAX_POINTS = 200;
    // A run makes more of each call; fewer would mean that nothing was injected.
    private static final int MIN_POINTS = 10;
    private static final int LIMIT_SECONDS = 60;
    private static final int AFTERWARDS = 999;
    private static final Pattern NUMBER =
            Pattern.compile("\"rid\":\"[0-9a-f-]{24}([0-9a-f]{12})\"");
    private static final Pattern SEQ = Pattern.compile("\\{\"w\":\"local\",\"seq\":([0-9]+),");
    private static final Pattern SAID =
            Pattern.compile(
                    "(acknowledged|kept|lost) [0-9]+|removing [a-z0-9-]+|closed|failing|ended");

    @TempDir private Path temp;

    @BeforeAll
    static void faultsAreNotLogged() {
        ((Logger) LoggerFactory.getLogger(LineageLog.class)).setLevel(Level.OFF);
    }

    @AfterAll
    static void faultsAreLoggedAgain() {
        ((Logger) LoggerFactory.getLogger(LineageLog.class)).setLevel(null);
    }

    @ParameterizedTest
    @CsvSource({
        "fdatasync, signal=KILL, inline",
        "fdatasync, error=EIO, inline",
        "fsync, signal=KILL, inline",
        "fsync, error=EIO, inline",
        "write, signal=KILL, inline",
        "write, error=ENOSPC, inline",
        "rename, signal=KILL, inline",
        "rename, error=EIO, inline",
        "unlink, signal=KILL, inline",
        "unlink, error=EIO, inline",
        "fsync, error=ENOSPC, thread",
        "rename, signal=KILL, thread"
    })
    void noSystemCallThatFailsLosesAnAcknowledgedRecord(String call, String fault, String sealer)
            throws Exception {
        String what = call + " " + fault + " " + sealer;
        assumeTrue(hasStrace(), what + " not run: strace is not to be had");
        int torn = 0;
        for (int n = 1; n <= MAX_POINTS; n++) {
            Path data = Files.createDirectory(temp.resolve("run-" + n));
            var _ = SigningKey.openOrMake(DurableFiles.DISK, data.resolve("keys"));
            int exit = run(data, call, fault, sealer, n);
            List<String> said = said(data);
            boolean isUntouched =
                    exit == 0 && !Files.readString(data.resolve("trace")).contains("INJECTED");
            torn += new Judge(data, said, what + " at " + n).judge() ? 1 : 0;
            if (isUntouched) {
                assertTrue(said.contains("ended") && n > MIN_POINTS, what + ": " + said);
                assertTrue(
                        said.contains("kept " + LineageFiller.RECORDS)
                                && said.stream().anyMatch(s -> s.startsWith("removing")),
                        () -> what + ": " + said);
                System.out.println(what + ": " + (n - 1) + " points, torn tails " + torn);
                return;
            }
        }
        throw new AssertionError("no run of " + MAX_POINTS + " ended untouched");
    }

    private static boolean hasStrace() throws InterruptedException {
        try {
            return new ProcessBuilder("strace", "-f", "-o", "/dev/null", "true").start().waitFor()
                    == 0;
        } catch (IOException e) {
            return false;
        }
    }

    private static int run(Path data, String call, String fault, String sealer, int n)
            throws IOException, InterruptedException {
        Process process =
                new ProcessBuilder(
                                "strace",
                                "-f",
                                // Faster, and then no signal comes at a call but the first.
                                fault.startsWith("error") ? "--seccomp-bpf" : "-y",
                                "-qq",
                                "-o",
                                data.resolve("trace").toString(),
                                "-e",
                                "trace=" + call,
                                "-e",
                                "inject=" + call + ":" + fault + ":when=" + n,
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:-UsePerfData",
                                "-XX:TieredStopAtLevel=1",
                                "-XX:+UseSerialGC",
                                "-Xshare:auto",
                                "-cp",
                                System.getProperty("java.class.path"),
                                LineageFiller.class.getName(),
                                data.toString(),
                                sealer)
                        .redirectOutput(data.resolve("out").toFile())
                        .redirectError(data.resolve("err").toFile())
                        .start();
        assertTrue(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS), "it hangs");
        return process.exitValue();
    }

    private static List<String> said(Path data) throws IOException {
        // The log goes to the same place.
        return Files.readString(data.resolve("out"), UTF_8)
                .lines()
                .filter(line -> SAID.matcher(line).matches())
                .toList();
    }

    /** One folder after its process. */
    private static final class Judge {
        private final Path data;
        private final List<String> said;
        private final String where;
        private final Map<Integer, String> records = new TreeMap<>();
        private final Set<Long> seqs = new TreeSet<>();
        private long removedRecords;
        private long removedLastSeq;

        Judge(Path data, List<String> said, String where) {
            this.data = data;
            this.said = said;
            this.where = where;
        }

        /** Whether a torn tail was kept aside. */
        boolean judge() throws Exception {
            LogFixture fixture = LineageFiller.fixture();
            // After all that the process may have counted.
            fixture.pass(1, TimeUnit.HOURS);
            LineageLog log = LineageFiller.open(data, fixture, false);
            assertTrue(fixture.append(log, LineageFiller.record(AFTERWARDS)), where);
            log.close();
            assertTrue(!log.isFailing() && log.writeErrors() == 0, where);
            VerifyReport report =
                    LineageVerifier.verify(
                            DurableFiles.DISK,
                            data.resolve("lineage"),
                            LineageVerifier.Expectation.NONE,
                            (segment, done, of) -> {});
            assertEquals(List.of(), report.faults(), where);
            assertEquals(0, report.openSegments(), where);
            read();
            judgeRecords();
            try (Stream<Path> files = Files.walk(data.resolve("lineage"))) {
                return files.anyMatch(file -> file.toString().contains(".torn"));
            }
        }

        private void read() throws IOException {
            Set<String> told = numbered("removing ").collect(Collectors.toSet());
            for (SegmentFiles segment :
                    new LogFolder(DurableFiles.DISK, data.resolve("lineage")).list()) {
                if (segment.isRemoved()) {
                    assertTrue(told.contains(segment.stem()), where + ": " + segment.stem());
                    Manifest manifest =
                            Manifest.parse(
                                    Files.readAllBytes(segment.file(SegmentFiles.Part.MANIFEST)));
                    removedRecords += manifest.records();
                    removedLastSeq = manifest.lastSeq();
                    continue;
                }
                byte[] packed = Files.readAllBytes(segment.file(SegmentFiles.Part.LINES));
                try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(packed))) {
                    new String(in.readAllBytes(), UTF_8).lines().forEach(this::line);
                }
            }
        }

        private void line(String line) {
            Matcher seq = SEQ.matcher(line);
            assertTrue(seq.lookingAt() && seqs.add(Long.parseLong(seq.group(1))), where);
            Matcher number = NUMBER.matcher(line);
            if (number.find()) {
                int n = Integer.parseInt(number.group(1), 16);
                assertEquals(null, records.put(n, line), where + ": twice");
                assertTrue(line.contains(expected(n)), where + ": " + line);
            }
        }

        /** How the fields of a record begin, as it was given to the log. */
        private static String expected(int n) {
            String json = new String(LineageFiller.record(n).json(), UTF_8);
            return n % LineageFiller.EACH_BLOB == 0
                    ? json.substring(1, json.indexOf("\"ref\":"))
                    : json.substring(1, json.length() - 1);
        }

        private Stream<String> numbered(String start) {
            return said.stream()
                    .filter(line -> line.startsWith(start))
                    .map(line -> line.substring(start.length()));
        }

        private void judgeRecords() {
            numbered("acknowledged ")
                    .mapToLong(Long::parseLong)
                    .max()
                    .ifPresent(this::everyLineIsThere);
            Set<Integer> kept = new TreeSet<>(numbered("kept ").map(Integer::valueOf).toList());
            Set<Integer> missing = new TreeSet<>(kept);
            missing.removeAll(records.keySet());
            // What retention takes is the oldest, and its manifests say how many.
            int oldest = records.keySet().iterator().next();
            List<Integer> late = new ArrayList<>(missing);
            late.removeIf(n -> n < oldest);
            assertEquals(List.of(), late, where + ": " + said);
            assertTrue(missing.size() <= removedRecords, where + ": missing " + missing);
            boolean hasDiedFailing = !said.contains("ended") || said.contains("failing");
            if (!hasDiedFailing) {
                Set<Integer> back = new TreeSet<>(numbered("lost ").map(Integer::valueOf).toList());
                back.retainAll(records.keySet());
                assertEquals(Set.of(), back, where + ": told to be lost");
            }
            records.keySet()
                    .forEach(n ->
                            assertTrue(
                                    (n >= 1 && n <= LineageFiller.RECORDS) || n == AFTERWARDS,
                                    where));
        }

        private void everyLineIsThere(long acknowledged) {
            for (long seq = removedLastSeq + 1; seq <= acknowledged; seq++) {
                assertTrue(seqs.contains(seq), where + ": line " + seq + " is gone: " + said);
            }
        }
    }
}
