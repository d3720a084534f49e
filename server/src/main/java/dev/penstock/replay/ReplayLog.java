package dev.penstock.replay;

import dev.penstock.journal.ChainCheck;
import dev.penstock.journal.DurableFiles;
import dev.penstock.journal.Journal;
import dev.penstock.runtime.Ticker;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorSet;
import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The records of replays: a chain of their own beside the lineage log, one segment for each replay,
 * whose header names it.
 *
 * <p>Values are not kept, only digests of what was answered and how far it was off.
 */
final class ReplayLog implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final long SYNC_NANOS = Duration.ofSeconds(1).toNanos();
    private static final long SYNC_BYTES = 1 << 20;
    private static final int MAX_SEGMENTS = 1_000;

    private final Journal journal;
    private final String replay;

    private ReplayLog(Journal journal, String replay) {
        this.journal = journal;
        this.replay = replay;
    }

    /**
     * Begins the segment of a replay; refuses when there are a thousand.
     *
     * @param folder which is made if it is not there
     * @param writer the node's name; a log that is there goes on under the name that it has
     */
    static ReplayLog open(
            DurableFiles files,
            Path folder,
            String writer,
            String replay,
            ReplayRequest request,
            Ticker ticker,
            InstantSource clock)
            throws IOException {
        if (files.list(folder).size() >= MAX_SEGMENTS) {
            throw new IOException(
                    folder
                            + " holds "
                            + MAX_SEGMENTS
                            + " replays, move them elsewhere, all of them");
        }
        List<String> writers = ChainCheck.writers(files, folder);
        ObjectNode header =
                JSON.createObjectNode()
                        .put("format", "penstock-replay/1")
                        .put("replay", replay)
                        .put("started", clock.instant().toString())
                        .put("mode", request.mode().label());
        byte[] bytes = JSON.writeValueAsBytes(header);
        Journal journal =
                Journal.open(
                        files,
                        folder,
                        new Journal.Settings(
                                writers.size() == 1 ? writers.getFirst() : writer,
                                Journal.Sync.INTERVAL,
                                SYNC_NANOS,
                                SYNC_BYTES),
                        ticker,
                        () -> bytes);
        return new ReplayLog(journal, replay);
    }

    /** Notes what a version answered; the outputs stay the caller's. */
    void answered(String rid, VersionTally tally, VersionTally.Answer answer, TensorSet outputs)
            throws IOException {
        ObjectNode line = line("replay", rid, tally);
        line.put("verdict", answer.verdict().label()).put("bit_equal", answer.isBitEqual());
        double off = answer.maxAbsolute();
        if (Double.isFinite(off)) {
            line.put("max_abs", off);
        }
        line.put("infer", Math.round(answer.micros()));
        ArrayNode out = line.putArray("out");
        for (Tensor output : outputs.tensors()) {
            out.addObject().put("name", output.name()).put("sha256", sha256(output));
        }
        journal.append(JSON.writeValueAsBytes(line));
    }

    /** Notes that a version did not answer. */
    void failed(String rid, VersionTally tally, String reason) throws IOException {
        journal.append(JSON.writeValueAsBytes(line("replay", rid, tally).put("failed", reason)));
    }

    private ObjectNode line(String kind, String rid, VersionTally tally) {
        ObjectNode line = JSON.createObjectNode();
        return line.put("kind", kind)
                .put("replay", replay)
                .put("rid", rid)
                .put("model", tally.id().model())
                .put("version", tally.id().number());
    }

    private static String sha256(Tensor tensor) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(tensor.data().duplicate());
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** Notes the end. */
    void ended(ReplayReport report) throws IOException {
        ObjectNode line = JSON.createObjectNode();
        line.put("kind", "end")
                .put("replay", replay)
                .put("records", report.records())
                .put("replayed", report.replayed())
                .put("differs", report.differs());
        journal.append(JSON.writeValueAsBytes(line));
    }

    @Override
    public void close() throws IOException {
        journal.close();
    }
}
