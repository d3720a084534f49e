package dev.penstock.lineage.store;

import dev.penstock.journal.DurableFiles;
import dev.penstock.journal.Journal;
import dev.penstock.journal.MemoryFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A process that fills a log, ends, seals and removes segments, and says on its standard output
 * what it was promised: {@code acknowledged SEQ}, {@code kept N} for its nth record, {@code lost N}
 * and {@code removing STEM}. Its clock is moved by hand, so that what is due comes at the same
 * place in each run.
 */
final class LineageFiller {
    static final int RECORDS = 12;
    static final int EACH_BLOB = 5;

    private final LogFixture fixture;
    private final Path data;
    private final boolean hasThread;
    private final Set<Integer> waiting = new TreeSet<>();
    private int toldLost;

    private LineageFiller(Path data, boolean hasThread) throws IOException {
        this.data = data;
        this.hasThread = hasThread;
        this.fixture = fixture();
    }

    static LogFixture fixture() throws IOException {
        LogFixture fixture = new LogFixture(new MemoryFiles());
        fixture.sealBytes = 1_000;
        // About two of the segments.
        fixture.retention = new Retention(Duration.ofDays(30), 2_500, Duration.ofDays(400));
        return fixture;
    }

    static byte[] blob(int n) {
        byte[] data = new byte[70];
        java.util.Arrays.fill(data, (byte) n);
        return data;
    }

    static LineageLine record(int n) {
        return n % EACH_BLOB == 0 ? LogFixture.recordWithBlob(n, blob(n)) : LogFixture.record(n);
    }

    static LineageLog open(Path data, LogFixture fixture, boolean hasThread) throws IOException {
        return LineageLog.open(
                DurableFiles.DISK,
                data.resolve("lineage"),
                fixture.settings(),
                SigningKey.openOrMake(DurableFiles.DISK, data.resolve("keys")),
                () -> fixture.nanos,
                fixture::now,
                fixture,
                hasThread ? null : Runnable::run);
    }

    public static void main(String[] args) throws Exception {
        LineageFiller filler = new LineageFiller(Path.of(args[0]), args[1].equals("thread"));
        filler.fill(Journal.Sync.ALWAYS, 1, RECORDS / 2);
        filler.fill(Journal.Sync.INTERVAL, RECORDS / 2 + 1, RECORDS);
        System.out.println("ended");
    }

    private void fill(Journal.Sync sync, int from, int to) throws IOException {
        fixture.sync = sync;
        LineageLog log = open();
        log.onRemoval(removal ->
                System.out.println(
                        removal.segments().stream()
                                .map(stem -> "removing " + stem)
                                .collect(Collectors.joining("\n"))));
        for (int n = from; n <= to; n++) {
            try {
                if (fixture.append(log, record(n))) {
                    waiting.add(n);
                }
            } catch (IOException e) {
                // It counts as dropped.
            }
            if (sync == Journal.Sync.ALWAYS) {
                tell(log);
            }
            if (n % 3 == 0) {
                pass(log, 2);
            }
        }
        pass(log, 61);
        log.close();
        tell(log);
        System.out.println(log.isFailing() ? "failing" : "closed");
        // A new process has counted nothing yet.
        fixture.written = 0;
        waiting.clear();
    }

    private LineageLog open() throws IOException {
        for (int i = 0; ; i++) {
            try {
                return open(data, fixture, hasThread);
            } catch (IOException e) {
                if (i == 3) {
                    throw e;
                }
            }
        }
    }

    /** More than the interval after which a log forces its lines. */
    private void pass(LineageLog log, long seconds) {
        fixture.pass(seconds, TimeUnit.SECONDS);
        log.turn();
        tell(log);
    }

    /** To be called when nothing is left to be forced: what was taken is certain or lost. */
    private void tell(LineageLog log) {
        System.out.println("acknowledged " + log.acknowledgedSeq());
        for (; toldLost < fixture.lost.size(); toldLost++) {
            @Nullable Object tag = fixture.lost.get(toldLost);
            if (tag instanceof Integer n) {
                waiting.remove(n);
                System.out.println("lost " + n);
            }
        }
        if (!log.isFailing()) {
            waiting.forEach(n -> System.out.println("kept " + n));
            waiting.clear();
        }
    }
}
