package dev.penstock.admin;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.penstock.control.FileControlStore;
import dev.penstock.journal.ChainCheck;
import dev.penstock.journal.DurableFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A real process whose n-th system call of a kind fails or kills it, for n = 1, 2, 3, … until a run
 * ends untouched.
 */
@Tag("soak")
@EnabledIfSystemProperty(named = "penstock.soak", matches = "true")
final class SystemCallFaultTest {
    private static final int MAX_POINTS = 60;
    private static final int LIMIT_SECONDS = 60;

    @TempDir private Path temp;

    @ParameterizedTest
    @CsvSource({
        "fdatasync, signal=KILL", "fdatasync, error=EIO",
        "fsync, signal=KILL", "fsync, error=EIO",
        "write, signal=KILL", "write, error=ENOSPC",
        "rename, signal=KILL", "rename, error=EIO"
    })
    void noSystemCallThatFailsLosesAnAnsweredChange(String call, String fault) throws Exception {
        assumeTrue(hasStrace(), call + " " + fault + " not run: strace is not to be had");
        int touched = 0;
        for (int n = 1; n <= MAX_POINTS; n++) {
            Path data = Files.createDirectory(temp.resolve("run-" + n));
            List<String> said = run(data, call, fault, n);
            judge(data, said, call + " " + fault + " at " + n);
            boolean isUntouched =
                    said.contains("ended")
                            && said.stream().filter(s -> s.startsWith("kept")).count()
                                    == ChangeWriter.CHANGES;
            // Writes to the standard output count as well, and only lose what was said.
            if (isUntouched && Files.readString(data.resolve("trace")).indexOf("INJECTED") < 0) {
                System.out.println(call + " " + fault + ": " + touched + " points");
                return;
            }
            touched++;
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

    private static List<String> run(Path data, String call, String fault, int n)
            throws IOException, InterruptedException {
        Path out = data.resolve("out");
        Process process =
                new ProcessBuilder(
                                "strace",
                                "-f",
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
                                "-cp",
                                System.getProperty("java.class.path"),
                                ChangeWriter.class.getName(),
                                data.toString())
                        .redirectOutput(out.toFile())
                        .redirectError(data.resolve("err").toFile())
                        .start();
        assertTrue(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS), "it hangs");
        // The log goes to the same place.
        return Files.readString(out, UTF_8)
                .lines()
                .filter(line -> line.matches("(asked|kept|refused) [0-9]+|ended"))
                .toList();
    }

    private static void judge(Path data, List<String> said, String where) throws Exception {
        FileControlStore store = FileControlStore.open(DurableFiles.DISK, data.resolve("control"));
        long found = store.read().model("fraud").routeRevision();
        assertTrue(allowed(said).contains(found), where + ": found " + found + " after " + said);
        try (AuditLog log =
                AuditLog.open(
                        DurableFiles.DISK,
                        data.resolve("audit"),
                        "n",
                        InstantSource.system(),
                        System::nanoTime)) {
            assertInstanceOf(ChainCheck.Whole.class, log.verify(), where);
            var entries = log.find(AuditFilter.ALL, Long.MAX_VALUE, 100).entries();
            for (int i = 1; i <= ChangeWriter.CHANGES; i++) {
                String reason = "change " + i;
                boolean isKept = said.contains("kept " + i) || found == i;
                assertTrue(
                        !isKept || entries.stream().anyMatch(e -> e.reason().equals(reason)),
                        where + ": no entry of " + reason + " after " + said);
            }
            for (AuditEntry entry : log.unfinished()) {
                log.refused(entry.seq(), "after a restart");
            }
            assertEquals(List.of(), log.unfinished(), where);
        }
    }

    /** The last change that was answered with success, or one that was asked for after it. */
    private static Set<Long> allowed(List<String> said) {
        List<Long> allowed = new ArrayList<>(List.of(0L));
        for (String line : said) {
            long i =
                    line.indexOf(' ') < 0
                            ? 0
                            : Long.parseLong(line.substring(line.indexOf(' ') + 1));
            if (line.startsWith("asked")) {
                allowed.add(i);
            } else if (line.startsWith("kept")) {
                allowed = new ArrayList<>(List.of(i));
            }
        }
        // The line that says what is asked may itself have failed.
        allowed.add(allowed.getLast() + 1);
        return new TreeSet<>(allowed);
    }
}
