package dev.penstock.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.penstock.journal.ChainCheck;
import dev.penstock.journal.MemoryFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/**
 * Whatever a crash leaves, every intent that was given a number is there with its content, every
 * outcome that was kept is there, and what has no outcome is offered for completion.
 */
final class AuditCrashTest {
    private static final Path FOLDER = Path.of("data", "audit");

    @BeforeAll
    static void faultsAreNotLogged() {
        logger().setLevel(Level.OFF);
    }

    @AfterAll
    static void faultsAreLoggedAgain() {
        logger().setLevel(null);
    }

    private static Logger logger() {
        return (Logger) LoggerFactory.getLogger(AuditLog.class);
    }

    /** What was asked for, and since which call of the file system it must be there. */
    private static final class Run {
        final MemoryFiles files;
        final Map<Long, String> asked = new HashMap<>();
        final Map<Long, Integer> askedAt = new HashMap<>();
        final Map<Long, Integer> finishedAt = new HashMap<>();

        Run(MemoryFiles files) {
            this.files = files;
        }
    }

    private static AuditLog open(MemoryFiles files) throws IOException {
        return AuditLog.open(files, FOLDER, "n", () -> Instant.EPOCH, () -> 0);
    }

    private static Run work(MemoryFiles files) {
        Run run = new Run(files);
        int n = 0;
        for (int life = 0; life < 2; life++) {
            AuditLog log = retried(() -> open(files));
            List<Long> open = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                String reason = "change " + n + " " + "x".repeat(n++ % 3 * 400);
                long seq = retried(() -> log.intent(change(reason)));
                run.asked.put(seq, reason);
                run.askedAt.put(seq, files.moment());
                open.add(seq);
                // Two are under way at a time; the last one of a life never ends.
                if (i % 2 == 1) {
                    long done = open.removeFirst();
                    log.applied(done, n);
                    if (!log.isFailing()) {
                        run.finishedAt.put(done, files.moment());
                    }
                }
            }
        }
        return run;
    }

    private static AuditChange change(String reason) {
        return new AuditChange(
                new Actor("anna", "192.0.2.7", "r"),
                "route.change",
                AuditTarget.model("fraud"),
                null,
                null,
                reason);
    }

    private interface Attempt<T> {
        T run() throws IOException;
    }

    private static <T> T retried(Attempt<T> attempt) {
        for (int i = 0; i < 8; i++) {
            try {
                return attempt.run();
            } catch (IOException e) {
                // The fault passes.
            }
        }
        throw new AssertionError("it never went through");
    }

    private static String judge(Run run, int moment, Map<Path, byte[]> image) {
        try (AuditLog log = open(new MemoryFiles(image))) {
            Map<Long, AuditEntry> found = new HashMap<>();
            log.find(AuditFilter.ALL, Long.MAX_VALUE, 100)
                    .entries()
                    .forEach(entry -> found.put(entry.seq(), entry));
            for (var asked : run.askedAt.entrySet()) {
                AuditEntry entry = found.get(asked.getKey());
                String reason = run.asked.get(asked.getKey());
                if (asked.getValue() <= moment
                        && (entry == null || !entry.reason().equals(reason))) {
                    return "intent " + asked.getKey() + " is lost";
                }
            }
            for (var finished : run.finishedAt.entrySet()) {
                if (finished.getValue() <= moment
                        && found.get(finished.getKey()).outcome() == null) {
                    return "outcome of " + finished.getKey() + " is lost";
                }
            }
            return judgeUnfinished(log, found);
        } catch (IOException | RuntimeException e) {
            return "start failed: " + e;
        }
    }

    private static String judgeUnfinished(AuditLog log, Map<Long, AuditEntry> found)
            throws IOException {
        TreeSet<Long> without = new TreeSet<>();
        for (AuditEntry entry : found.values()) {
            if (entry.outcome() == null) {
                without.add(entry.seq());
            }
        }
        TreeSet<Long> unfinished = new TreeSet<>();
        log.unfinished().forEach(entry -> unfinished.add(entry.seq()));
        if (!unfinished.equals(without)) {
            return "unfinished " + unfinished + ", without outcome " + without;
        }
        unfinished.forEach(seq -> log.refused(seq, "after a restart"));
        if (!log.unfinished().isEmpty()) {
            return "still unfinished";
        }
        return log.verify() instanceof ChainCheck.Whole ? "" : "the chain is broken";
    }

    private static List<String> faults(Run run, int randomImages, int step) {
        List<String> faults = new ArrayList<>();
        Random random = new Random(3);
        for (int moment = run.files.moment(); moment >= 0; moment -= step) {
            int at = moment;
            run.files
                    .images()
                    .at(
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

    @Test
    void aCrashAtAnyCallLosesNoEntry() {
        Run run = work(new MemoryFiles());
        assertEquals(8, run.asked.size());
        assertEquals(4, run.finishedAt.size());
        assertEquals(List.of(), faults(run, 20, 1));
    }

    @ParameterizedTest
    @EnumSource(MemoryFiles.Fault.class)
    void aFaultAtAnyCallLosesNoEntry(MemoryFiles.Fault fault) {
        surviveFaults(fault, 13);
    }

    @ParameterizedTest
    @EnumSource(MemoryFiles.Fault.class)
    @Tag("soak")
    @EnabledIfSystemProperty(named = "penstock.soak", matches = "true")
    void aFaultAndThenACrashLosesNoEntry(MemoryFiles.Fault fault) {
        surviveFaults(fault, 1);
    }

    private static void surviveFaults(MemoryFiles.Fault fault, int step) {
        MemoryFiles untouched = new MemoryFiles();
        assertEquals(8, work(untouched).asked.size());
        for (int at = 0; at < untouched.faultableCalls(); at++) {
            for (int count = 1; count <= (step == 1 ? 3 : 1); count += 2) {
                Run run = work(new MemoryFiles().failing(fault, at, count));
                assertEquals(List.of(), faults(run, 1, step), fault + " " + at + " " + count);
            }
        }
    }

    @Test
    void aNumberThatIsGivenBeforeTheForceIsCaught() {
        assertFalse(faults(work(new MemoryFiles().withoutForce()), 4, 1).isEmpty());
    }
}
