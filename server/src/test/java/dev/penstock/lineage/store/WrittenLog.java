package dev.penstock.lineage.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.penstock.inference.PredictionId;
import dev.penstock.journal.DurableFiles;
import dev.penstock.journal.Journal;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** A log on the disk, written by the log's own writer, of records that look like real ones. */
final class WrittenLog implements SegmentFacts, AutoCloseable {
    // 2026-03-01T00:00:00Z, from `date -u -d 2026-03-01 +%s`.
    static final long START_MILLIS = 1_772_323_200_000L;

    final Path data;
    final Path folder;
    final Path keys;
    final List<String> skipped = new ArrayList<>();
    double rate = 0.5;
    private final LineageLog log;
    private long millis = START_MILLIS;
    private int records;

    WrittenLog(Path data) throws IOException {
        this.data = data;
        this.folder = data.resolve("lineage");
        this.keys = data.resolve("keys");
        this.log =
                LineageLog.open(
                        DurableFiles.DISK,
                        folder,
                        new LogSettings(
                                new Journal.Settings("local", Journal.Sync.NEVER, 0, 0),
                                1 << 30,
                                Long.MAX_VALUE,
                                new Retention(Duration.ofDays(30), 1L << 40, Duration.ofDays(400)),
                                new DiskFloor(1_000, () -> 1_000_000)),
                        SigningKey.openOrMake(DurableFiles.DISK, keys),
                        () -> 0,
                        () -> Instant.ofEpochMilli(millis),
                        this,
                        Runnable::run);
    }

    @Override
    public byte[] header() {
        return ("{\"v\":1,\"format\":\"penstock-lineage/1\",\"started\":1,"
                        + "\"env\":{\"digest\":\"00000000000000e1\"},"
                        + "\"cfg\":\"00000000000000c1\",\"policy\":{\"digest\":\"00000000000000b1\"},"
                        + "\"redaction\":{\"digest\":\"00000000000000d1\"},"
                        + "\"rates\":{\"fraud\":"
                        + rate
                        + "}}")
                .getBytes(UTF_8);
    }

    @Override
    public byte[] trailer() {
        String rids = skipped.isEmpty() ? "" : '"' + String.join("\",\"", skipped) + '"';
        String trailer =
                ("{\"kind\":\"trailer\",\"ts\":%d,\"records\":%d,\"sampled\":%d,\"written\":%d,"
                                + "\"dropped\":%d,\"counters\":[{\"model\":\"fraud\",\"version\":1,"
                                + "\"arm\":\"stable\",\"seen\":%d,\"written\":%d}],"
                                + "\"rates\":{\"fraud\":%s},\"skipped\":{\"rids\":[%s],\"more\":0}}")
                        .formatted(
                                millis * 1000,
                                records,
                                records + skipped.size(),
                                records,
                                skipped.size(),
                                2 * records,
                                records,
                                rate,
                                rids);
        records = 0;
        skipped.clear();
        return trailer.getBytes(UTF_8);
    }

    /** The id of the nth record. */
    static PredictionId id(int n) {
        return new PredictionId(
                (START_MILLIS + n) << 16 | 0x7000, 0x8000_0000_0000_0000L | n * 7_919L);
    }

    /** Appends records {@code from} to {@code to - 1}; every 5th has a shadow after it. */
    void append(int from, int to) throws IOException {
        for (int n = from; n < to; n++) {
            millis = START_MILLIS + n;
            add(record(n, "primary", 1, n % 4 == 0 ? "canary:b" : "stable"));
            if (n % 5 == 0) {
                add(record(n, "shadow", 2, "shadow"));
            }
        }
    }

    private void add(String json) throws IOException {
        byte[] bytes = json.getBytes(UTF_8);
        if (!log.append(new LineageLine(bytes, bytes.length))) {
            throw new IOException("not appended");
        }
        records++;
    }

    private static String record(int n, String kind, int version, String arm) {
        String pair =
                kind.equals("shadow")
                        ? ",\"pair\":{\"rid\":\""
                                + id(n)
                                + "\",\"arm\":\"stable\",\"verdict\":\"equal\"}"
                        : "";
        return ("{\"kind\":\"%s\",\"v\":1,\"rid\":\"%s\",\"crid\":\"c-%d\",\"ts\":%d,"
                        + "\"route\":{\"rule\":\"r\",\"arm\":\"%s\",\"rev\":3},"
                        + "\"model\":{\"name\":\"%s\",\"version\":%d,\"sha256\":\"%064d\"},"
                        + "\"in\":[{\"name\":\"x\",\"dtype\":\"FP32\",\"shape\":[1,2],"
                        + "\"data\":[%d,0.5]}],\"out\":[{\"name\":\"score\",\"dtype\":\"FP32\","
                        + "\"shape\":[1],\"b64\":\"AAAAPw==\"}],"
                        + "\"lat\":{\"queue\":1,\"infer\":2,\"post\":3,\"total\":%d},"
                        + "\"st\":{\"http\":%d,\"code\":\"%s\"}%s,"
                        + "\"smp\":{\"p\":%s,\"why\":[\"head\"],\"u\":0.1,\"pol\":\"b1\"}}")
                .formatted(
                        kind,
                        id(n),
                        n % 3,
                        (START_MILLIS + n) * 1000,
                        arm,
                        n % 2 == 0 ? "fraud" : "churn",
                        version,
                        n,
                        n,
                        100 * n,
                        n % 10 == 9 ? 500 : 200,
                        n % 10 == 9 ? "INFERENCE_FAILED" : "OK",
                        pair,
                        n % 10 == 9 ? "1.0" : "0.5");
    }

    void rate(double changed) throws IOException {
        rate = changed;
        byte[] line =
                ("{\"kind\":\"rate\",\"ts\":"
                                + millis * 1000
                                + ",\"model\":\"fraud\",\"rate\":"
                                + changed
                                + "}")
                        .getBytes(UTF_8);
        log.note(line, line.length);
    }

    void blob(int n, byte[] tensor) throws IOException {
        String start =
                "{\"kind\":\"primary\",\"v\":1,\"rid\":\""
                        + id(n)
                        + "\",\"ts\":"
                        + (START_MILLIS + n) * 1000
                        + ",\"in\":[{\"name\":\"x\",\"ref\":";
        byte[] json = (start + "}]}").getBytes(UTF_8);
        var _ =
                log.append(
                        new LineageLine(
                                json,
                                json.length,
                                List.of(new LineageLine.Blob(start.length(), tensor)),
                                null));
        records++;
    }

    void roll() {
        log.roll();
    }

    List<SegmentFiles> segments() throws IOException {
        return new LogFolder(DurableFiles.DISK, folder).list();
    }

    @Override
    public void close() {
        log.close();
    }
}
