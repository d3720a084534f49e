package dev.penstock.lineage.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.penstock.journal.CrashImages;
import dev.penstock.journal.Journal;
import dev.penstock.journal.MemoryFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/**
 * Rebuilds the disk as a crash at any call of a run might have left it, a run that writes, ends
 * segments, seals and removes them, and starts on it; and lets each call of the run fail.
 */
final class LineageCrashTest {
    private static final Retention FOR_EVER =
            new Retention(Duration.ofDays(30), 1L << 40, Duration.ofDays(400));
    // About two of the run's segments.
    private static final Retention TIGHT =
            new Retention(Duration.ofDays(30), 2_500, Duration.ofDays(400));

    @BeforeAll
    static void faultsAreNotLogged() {
        logger().setLevel(Level.OFF);
    }

    @AfterAll
    static void faultsAreLoggedAgain() {
        logger().setLevel(null);
    }

    private static Logger logger() {
        return (Logger) LoggerFactory.getLogger(LineageLog.class);
    }

    /** What a run wrote, was told, and let go. */
    private static final class Run {
        final LogFixture at;
        final Map<String, Integer> acknowledgedAt = new HashMap<>();
        final Map<String, Integer> removedAt = new HashMap<>();
        final Set<Integer> taken = new TreeSet<>();
        boolean hasDiedFailing;
        private LineageLog log;
        private int n;

        Run(LogFixture at) {
            this.at = at;
            this.log = open();
        }

        private LineageLog open() {
            // A new process has counted nothing yet.
            at.written = 0;
            for (int i = 0; i < 8; i++) {
                try {
                    LineageLog opened = at.open();
                    opened.onRemoval(this::removing);
                    return opened;
                } catch (IOException e) {
                    // The fault passes.
                }
            }
            throw new AssertionError("it never opened");
        }

        private void removing(Retention.Removal removal) {
            removal.segments().forEach(stem -> removedAt.putIfAbsent(stem, at.files.moment()));
        }

        void append(byte[] blob) {
            int i = ++n;
            LineageLine line =
                    blob.length == 0 ? LogFixture.record(i) : LogFixture.recordWithBlob(i, blob);
            try {
                if (at.append(log, line)) {
                    taken.add(i);
                }
            } catch (IOException e) {
                // It counts as dropped.
            }
            note();
        }

        void pass(long seconds) {
            at.pass(seconds, TimeUnit.SECONDS);
            log.turn();
            note();
        }

        void note() {
            try {
                LogJudge judge = LogJudge.read(at.files, at.key);
                judge.seqs.forEach((rid, seq) -> {
                    if (seq <= log.acknowledgedSeq()) {
                        acknowledgedAt.putIfAbsent(rid, at.files.moment());
                    }
                });
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        void work() {
            for (int life = 0; life < 2; life++) {
                append(new byte[0]);
                append(new byte[0]);
                append(new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, (byte) life});
                pass(2);
                append(new byte[0]);
                log.roll();
                note();
                pass(2);
                append(new byte[600]);
                append(new byte[0]);
                pass(901);
                append(new byte[0]);
                pass(61);
                append(new byte[0]);
                if (life == 0) {
                    // The first life ends without closing.
                    log.turn();
                    note();
                    hasDiedFailing = log.isFailing();
                    log = open();
                }
            }
            log.close();
            hasDiedFailing |= log.isFailing();
            note();
        }
    }

    private static LogFixture fixture(MemoryFiles files, Journal.Sync sync) throws IOException {
        LogFixture at = new LogFixture(files);
        at.sync = sync;
        at.retention = TIGHT;
        return at;
    }

    private static Run work(MemoryFiles files, Journal.Sync sync) throws IOException {
        Run run = new Run(fixture(files, sync));
        run.work();
        return run;
    }

    /** Starts on an image, goes on and closes, and says what is wrong then; empty if nothing is. */
    private static String judge(Run run, int moment, Map<Path, byte[]> image) {
        try {
            LogFixture at = new LogFixture(new MemoryFiles(image));
            at.key = run.at.key;
            at.nanos = run.at.nanos;
            at.retention = FOR_EVER;
            LineageLog log = at.open();
            at.append(log, 9_999);
            log.turn();
            log.close();
            LogJudge judge = LogJudge.read(at.files, at.key);
            if (!judge.fault().isEmpty()) {
                return judge.fault();
            }
            if (judge.openSegments > 0) {
                return "a segment is still open";
            }
            return judgeRecords(run, moment, judge);
        } catch (IOException | RuntimeException e) {
            return "start failed: " + e;
        }
    }

    private static String judgeRecords(Run run, int moment, LogJudge judge) {
        for (var acknowledged : run.acknowledgedAt.entrySet()) {
            if (acknowledged.getValue() <= moment
                    && !judge.records.containsKey(acknowledged.getKey())
                    && judge.removedSegments == 0) {
                return "acknowledged record " + acknowledged.getKey() + " is lost";
            }
        }
        int removed = 0;
        for (int at : run.removedAt.values()) {
            removed += at <= moment ? 1 : 0;
        }
        if (judge.removedSegments > removed) {
            return judge.removedSegments + " segments are gone, and " + removed + " were let go";
        }
        Set<String> known = new HashSet<>();
        for (int i = 1; i <= run.n; i++) {
            known.add(LogFixture.rid(i));
        }
        known.add(LogFixture.rid(9_999));
        for (String rid : judge.records.keySet()) {
            if (!known.contains(rid)) {
                return "never written: " + rid;
            }
        }
        return judge.records.containsKey(LogFixture.rid(9_999)) ? "" : "it does not go on";
    }

    private static List<String> faults(Run run, int randomImages, int step) {
        List<String> faults = new ArrayList<>();
        CrashImages images = run.at.files.images();
        Random random = new Random(20_26);
        for (int moment = run.at.files.moment(); moment >= 0; moment -= step) {
            int at = moment;
            images.at(
                    moment,
                    randomImages,
                    random,
                    image -> {
                        String fault = judge(run, at, image);
                        if (!fault.isEmpty()) {
                            faults.add("crash after call " + at + ": " + fault);
                        }
                    });
        }
        return faults;
    }

    @ParameterizedTest
    @EnumSource(Journal.Sync.class)
    void everyAcknowledgedRecordSurvivesACrashAtAnyCall(Journal.Sync sync) throws IOException {
        Run run = work(new MemoryFiles(), sync);
        assertEquals(16, run.taken.size());
        assertFalse(run.removedAt.isEmpty());
        assertEquals(List.of(), faults(run, 1, sync == Journal.Sync.INTERVAL ? 1 : 4));
    }

    @Test
    void anAcknowledgementBeforeTheForceIsCaught() throws IOException {
        Run run = work(new MemoryFiles().withoutForce(), Journal.Sync.ALWAYS);
        assertTrue(!faults(run, 0, 11).isEmpty());
    }

    @Test
    void anAcknowledgementBeforeTheNamesAreCertainIsCaught() throws IOException {
        Run run = work(new MemoryFiles().withoutFolderSync(), Journal.Sync.ALWAYS);
        assertTrue(!faults(run, 0, 11).isEmpty());
    }

    @ParameterizedTest
    @EnumSource(MemoryFiles.Fault.class)
    void whatIsTakenAndNotLostIsKeptWhateverCallFails(MemoryFiles.Fault fault) throws IOException {
        MemoryFiles untouched = new MemoryFiles();
        var _ = work(untouched, Journal.Sync.INTERVAL);
        int calls = untouched.faultableCalls();
        int step = Boolean.getBoolean("penstock.soak") ? 1 : 3;
        for (int at = 0; at < calls; at += step) {
            surviveFault(fault, at, at % 2 == 0 ? 3 : 1);
        }
    }

    private static void surviveFault(MemoryFiles.Fault fault, int at, int count)
            throws IOException {
        String where = fault + " at call " + at + ", " + count + " times";
        MemoryFiles files = new MemoryFiles().failing(fault, at, count);
        LogFixture fixture = fixture(files, Journal.Sync.INTERVAL);
        fixture.retention = FOR_EVER;
        Run run = new Run(fixture);
        run.work();
        LogFixture again = new LogFixture(files);
        again.key = fixture.key;
        again.nanos = fixture.nanos;
        again.open().close();
        LogJudge judge = LogJudge.read(files, fixture.key);
        assertEquals("", judge.fault(), where);
        assertEquals(0, judge.openSegments, where);
        VerifyReport report =
                LineageVerifier.verify(
                        files,
                        LogFixture.FOLDER,
                        LineageVerifier.Expectation.NONE,
                        (segment, done, of) -> {});
        assertEquals(List.of(), report.faults(), where);
        Set<String> expected = new TreeSet<>();
        run.taken.forEach(i -> expected.add(LogFixture.rid(i)));
        fixture.lost.forEach(tag -> expected.remove(LogFixture.rid((Integer) tag)));
        Set<String> found = new TreeSet<>(judge.records.keySet());
        if (run.hasDiedFailing) {
            // It had told of records that were lost, and could not cut them off any more.
            fixture.lost.forEach(tag -> found.remove(LogFixture.rid((Integer) tag)));
        }
        assertEquals(expected, found, where);
        assertTrue(run.taken.size() >= 16 - 2 * count - 2, where + ": " + run.taken);
    }

    @ParameterizedTest
    @EnumSource(MemoryFiles.Fault.class)
    @Tag("soak")
    @EnabledIfSystemProperty(named = "penstock.soak", matches = "true")
    void everyAcknowledgedRecordSurvivesAFaultAndThenACrash(MemoryFiles.Fault fault)
            throws IOException {
        MemoryFiles untouched = new MemoryFiles();
        var _ = work(untouched, Journal.Sync.INTERVAL);
        int calls = untouched.faultableCalls();
        for (int at = 0; at < calls; at++) {
            Run run = work(new MemoryFiles().failing(fault, at, 1), Journal.Sync.INTERVAL);
            assertEquals(List.of(), faults(run, 1, 7), fault + " at call " + at);
        }
    }
}
