package dev.penstock.admin;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.penstock.inference.PredictionId;
import dev.penstock.journal.DurableFiles;
import dev.penstock.journal.Journal;
import dev.penstock.lineage.store.DiskFloor;
import dev.penstock.lineage.store.LineageLine;
import dev.penstock.lineage.store.LineageLog;
import dev.penstock.lineage.store.LogSettings;
import dev.penstock.lineage.store.Retention;
import dev.penstock.lineage.store.SegmentFacts;
import dev.penstock.lineage.store.SigningKey;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;

/** Writes a lineage log into a data directory, as a server would that is not there. */
public final class LineageFolder implements SegmentFacts, AutoCloseable {
    private final LineageLog log;
    private final Random random = new Random(7);
    private final String skipped;
    private Instant now;
    private long written;

    /**
     * @param start the time of the first record
     * @param skipped ids that the trailer lists, as JSON texts with commas between
     */
    public LineageFolder(Path data, Instant start, String skipped) throws IOException {
        this.now = start;
        this.skipped = skipped;
        this.log =
                LineageLog.open(
                        DurableFiles.DISK,
                        data.resolve("lineage"),
                        new LogSettings(
                                new Journal.Settings("local", Journal.Sync.ALWAYS, 1, 1 << 20),
                                64L << 20,
                                Duration.ofHours(1).toNanos(),
                                new Retention(Duration.ofDays(30), 1L << 40, Duration.ofDays(400)),
                                new DiskFloor(0, () -> Long.MAX_VALUE)),
                        SigningKey.openOrMake(DurableFiles.DISK, data.resolve("keys")),
                        System::nanoTime,
                        () -> now,
                        this);
    }

    @Override
    public byte[] header() {
        return ("{\"v\":1,\"started\":1,\"env\":{\"digest\":\"00000000000000e1\"},"
                        + "\"cfg\":\"00000000000000c1\",\"policy\":{\"digest\":\"00000000000000b1\"},"
                        + "\"redaction\":{\"digest\":\"00000000000000d1\"},"
                        + "\"rates\":{\"add\":0.25,\"other\":0.5}}")
                .getBytes(UTF_8);
    }

    @Override
    public byte[] trailer() {
        long records = written;
        written = 0;
        return ("{\"kind\":\"trailer\",\"ts\":"
                        + micros()
                        + ",\"records\":"
                        + records
                        + ",\"sampled\":"
                        + (records + 2)
                        + ",\"written\":"
                        + records
                        + ",\"dropped\":2"
                        + ",\"skipped\":{\"rids\":["
                        + skipped
                        + "],\"more\":0},\"counters\":[{\"model\":\"add\",\"dropped\":"
                        + "{\"budget\":2,\"ring\":0}}]}")
                .getBytes(UTF_8);
    }

    private long micros() {
        return now.toEpochMilli() * 1000;
    }

    /** The time of what is written next. */
    public LineageFolder at(Instant time) {
        now = time;
        return this;
    }

    /** A new id of this time. */
    public PredictionId id() {
        return PredictionId.next(() -> now, random::nextLong);
    }

    /** What a record is made of. */
    public record Body(String kind, String model, int version, String more) {
        public static Body of(String model) {
            return new Body("primary", model, 1, "");
        }

        public Body with(String fields) {
            return new Body(kind, model, version, more + "," + fields);
        }

        private String whole() {
            return (more.contains("\"route\":") ? "" : ",\"route\":{\"arm\":\"stable\",\"rev\":0}")
                    + (more.contains("\"caller\":") ? "" : ",\"caller\":{\"id\":\"anonymous\"}")
                    + more;
        }

        public Body as(String other) {
            return new Body(other, model, version, more);
        }
    }

    /** Appends a record with the sum of {@code x} and the version. */
    public void add(PredictionId id, Body body, double x) throws IOException {
        json(id, body, tensor("x", x), tensor("y", x + body.version()));
    }

    private static String tensor(String name, double value) {
        return "[{\"name\":\""
                + name
                + "\",\"dtype\":\"FP32\",\"shape\":[1],\"data\":["
                + value
                + "]}]";
    }

    /** Appends a record with these tensors. */
    public void json(PredictionId id, Body body, String in, String out) throws IOException {
        String json =
                """
                {"kind":"%s","v":1,"rid":"%s","trace":"0af7651916cd43dd8448eb211c80319c",\
                "ts":%d,\
                "model":{"name":"%s","version":%d,"sha256":"%s"},"cfg":"00000000000000c1",\
                "env":"00000000000000e1","batch":{"n":1,"off":0,"rows":1,"req":1,"indep":"yes"},\
                "in":%s,"out":%s,"lat":{"queue":50,"infer":310,"post":20,"total":520},\
                "bytes_in":4,"bytes_out":4,\
                "st":{"http":200,"grpc":"OK","code":"ok"},\
                "smp":{"p":0.25,"why":["head"],"u":0.125,"pol":"00000000000000b1"}%s}\
                """
                        .formatted(
                                body.kind(),
                                id,
                                micros(),
                                body.model(),
                                body.version(),
                                "ab".repeat(32),
                                in,
                                out,
                                body.whole());
        line(json);
    }

    /** Appends a line as it is. */
    public void line(String json) throws IOException {
        byte[] bytes = json.getBytes(UTF_8);
        written++;
        log.append(new LineageLine(bytes, bytes.length));
        log.turn();
    }

    /** Appends a record whose input stands in the file of large tensors. */
    public void blob(PredictionId id, byte[] data) throws IOException {
        String start =
                "{\"kind\":\"primary\",\"v\":1,\"rid\":\""
                        + id
                        + "\",\"ts\":"
                        + micros()
                        + ",\"route\":{\"arm\":\"stable\",\"rev\":0},"
                        + "\"model\":{\"name\":\"add\",\"version\":1},"
                        + "\"in\":[{\"name\":\"x\",\"dtype\":\"UINT8\",\"shape\":["
                        + data.length
                        + "],\"ref\":";
        byte[] json = (start + "}],\"out\":[]}").getBytes(UTF_8);
        LineageLine.Blob blob = new LineageLine.Blob(start.length(), data);
        written++;
        log.append(new LineageLine(json, json.length, List.of(blob), null));
        log.turn();
    }

    long acknowledgedSeq() {
        return log.acknowledgedSeq();
    }

    /** Ends the segment, so that it is sealed. */
    public void roll() {
        log.roll();
        log.turn();
    }

    /** Ends the log and waits until all of it is sealed. */
    @Override
    public void close() {
        log.close();
    }
}
