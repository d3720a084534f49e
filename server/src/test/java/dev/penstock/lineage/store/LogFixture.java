package dev.penstock.lineage.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.penstock.journal.DurableFiles;
import dev.penstock.journal.Journal;
import dev.penstock.journal.MemoryFiles;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/** A log with a clock that is moved by hand and a sealer that works at once. */
final class LogFixture implements SegmentFacts {
    static final Path FOLDER = Path.of("data", "lineage");
    static final Path KEYS = Path.of("data", "keys");
    // 2026-03-01T00:00:00Z, from `date -u -d 2026-03-01 +%s`.
    static final long START_MILLIS = 1_772_323_200_000L;

    final MemoryFiles files;
    final List<@Nullable Object> lost = new ArrayList<>();
    long nanos;
    long skewMillis;
    long written;
    int ended;
    long freeBytes = 1_000;
    Journal.Sync sync = Journal.Sync.INTERVAL;
    long sealBytes = 1 << 20;
    Retention retention = new Retention(Duration.ofDays(30), 1L << 40, Duration.ofDays(400));
    SigningKey key;

    LogFixture(MemoryFiles files) throws IOException {
        this.files = files;
        this.key = SigningKey.openOrMake(new MemoryFiles(), KEYS);
    }

    @Override
    public byte[] header() {
        return ("{\"v\":1,\"started\":1,\"env\":{\"digest\":\"00000000000000e1\"},"
                        + "\"cfg\":\"00000000000000c1\",\"policy\":{\"digest\":\"00000000000000b1\"},"
                        + "\"redaction\":{\"digest\":\"00000000000000d1\"},"
                        + "\"rates\":{\"fraud\":0.5}}")
                .getBytes(UTF_8);
    }

    @Override
    public byte[] trailer() {
        byte[] trailer =
                ("{\"kind\":\"trailer\",\"ts\":7,\"records\":%1$d,\"sampled\":%1$d,"
                                + "\"written\":%1$d,\"dropped\":0,\"counters\":[]}")
                        .formatted(written)
                        .getBytes(UTF_8);
        written = 0;
        return trailer;
    }

    @Override
    public void lost(@Nullable Object tag) {
        lost.add(tag);
        written--;
    }

    @Override
    public void ended() {
        ended++;
        written = 0;
    }

    Instant now() {
        return Instant.ofEpochMilli(START_MILLIS + nanos / 1_000_000 + skewMillis);
    }

    void pass(long amount, TimeUnit unit) {
        nanos += unit.toNanos(amount);
    }

    LogSettings settings() {
        return new LogSettings(
                new Journal.Settings("local", sync, 1_000_000_000L, 1 << 20),
                sealBytes,
                TimeUnit.MINUTES.toNanos(15),
                retention,
                new DiskFloor(1_000, () -> freeBytes));
    }

    LineageLog open() throws IOException {
        return LineageLog.open(
                files, FOLDER, settings(), key, () -> nanos, this::now, this, Runnable::run);
    }

    boolean append(LineageLog log, int n) throws IOException {
        return append(log, record(n));
    }

    boolean append(LineageLog log, LineageLine line) throws IOException {
        // Counted first, for the log may end the segment, and ask, once it has written.
        written++;
        boolean isKept = false;
        try {
            isKept = log.append(line);
        } finally {
            written -= isKept ? 0 : 1;
        }
        return isKept;
    }

    static String rid(int n) {
        return String.format(Locale.ROOT, "019ca6b0-0000-7000-8000-%012x", n);
    }

    static String json(int n, String more) {
        return "{\"kind\":\"primary\",\"v\":1,\"rid\":\""
                + rid(n)
                + "\",\"ts\":"
                + (1_000_000L + n)
                + more
                + "}";
    }

    static LineageLine record(int n) {
        byte[] json = json(n, ",\"text\":\"" + "x".repeat(n % 4 * 250) + "\"").getBytes(UTF_8);
        return new LineageLine(json, json.length, List.of(), n);
    }

    static LineageLine recordWithBlob(int n, byte[] data) {
        String start = json(n, ",\"in\":[{\"name\":\"x\",\"ref\":");
        int at = start.length() - 1;
        byte[] json = (start.substring(0, at) + "}]}").getBytes(UTF_8);
        return new LineageLine(json, json.length, List.of(new LineageLine.Blob(at, data)), n);
    }

    static List<SegmentFiles> segments(DurableFiles files) throws IOException {
        return new LogFolder(files, FOLDER).list();
    }

    /** The lines of a segment, as a program that knows nothing of this log reads them. */
    static List<String> lines(MemoryFiles files, SegmentFiles segment) throws IOException {
        byte[] bytes;
        if (segment.has(SegmentFiles.Part.LINES)) {
            byte[] packed = files.bytes(segment.file(SegmentFiles.Part.LINES));
            bytes = new GZIPInputStream(new ByteArrayInputStream(packed)).readAllBytes();
        } else {
            bytes = files.bytes(segment.file(SegmentFiles.Part.OPEN));
        }
        return new String(bytes, UTF_8).lines().toList();
    }
}
