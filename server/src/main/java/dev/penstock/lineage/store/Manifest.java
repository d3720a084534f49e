package dev.penstock.lineage.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a sealed segment holds, in the file that is signed. It outlives the segment's lines.
 *
 * <p>Digests are SHA-256 in 64 hex digits, times microseconds since 1970.
 *
 * @param writer the node's name
 * @param segment the file of its lines
 * @param lines all of them, header and trailer too
 * @param records the lines of predictions among them
 * @param firstTs the smallest time of a record; null without records
 * @param lastTs the largest
 * @param bytes of the lines, not compressed
 * @param sha256 of those bytes
 * @param merkleRoot of RFC 6962 over the lines without their line feeds
 * @param prev what the first line gives as digest of the line before it
 * @param lastSha256 of the last line, without its line feed
 * @param previous the segment before; null if there was none
 * @param isRecovered whether a crash ended it, so that it has no trailer
 * @param sealed when
 * @param cfg digest of the configuration, 16 hex digits, as the header has it
 * @param env digest of the runtime, likewise
 * @param policy digest of the sampling policy, likewise
 * @param redaction digest of the redaction, likewise
 * @param rates the head rates that were in force, in the order of the lines
 * @param trailer the trailer's fields without {@code kind}; null if it has none
 * @param blobs of the file of large tensors; null if there is none
 * @param key first 16 hex digits of SHA-256 over the 32 bytes of the public key
 */
public record Manifest(
        String writer,
        String segment,
        long firstSeq,
        long lastSeq,
        long lines,
        long records,
        @Nullable Long firstTs,
        @Nullable Long lastTs,
        long bytes,
        String sha256,
        long gzBytes,
        String gzSha256,
        String idxSha256,
        String merkleRoot,
        String prev,
        String lastSha256,
        @Nullable Previous previous,
        boolean isRecovered,
        long sealed,
        String cfg,
        String env,
        String policy,
        String redaction,
        List<RateStep> rates,
        @Nullable ObjectNode trailer,
        @Nullable BlobFile blobs,
        String key) {
    static final String FORMAT = "penstock-lineage-manifest/1";

    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** The sealed segment before. */
    public record Previous(String segment, String manifestSha256) {}

    /** From this time on the model's head rate was this. */
    public record RateStep(long ts, String model, double rate) {}

    /** The whole file of large tensors. */
    public record BlobFile(long bytes, String sha256) {}

    public Manifest {
        rates = List.copyOf(rates);
    }

    /** The file's bytes: one object and a line feed. */
    public byte[] toBytes() {
        ObjectNode object = JSON.createObjectNode();
        object.put("format", FORMAT).put("w", writer).put("segment", segment);
        object.put("first_seq", firstSeq).put("last_seq", lastSeq);
        object.put("lines", lines).put("records", records);
        if (firstTs != null && lastTs != null) {
            object.put("first_ts", firstTs).put("last_ts", lastTs);
        }
        object.put("bytes", bytes).put("sha256", sha256);
        object.put("gz_bytes", gzBytes).put("gz_sha256", gzSha256);
        object.put("idx_sha256", idxSha256).put("merkle_root", merkleRoot);
        object.put("prev", prev).put("last_sha256", lastSha256);
        if (previous != null) {
            object.putObject("previous")
                    .put("segment", previous.segment())
                    .put("manifest_sha256", previous.manifestSha256());
        }
        if (isRecovered) {
            object.put("recovered", true);
        }
        object.put("sealed", sealed).put("cfg", cfg).put("env", env);
        object.put("policy", policy).put("redaction", redaction);
        ArrayNode steps = object.putArray("rates");
        for (RateStep step : rates) {
            steps.addObject()
                    .put("ts", step.ts())
                    .put("model", step.model())
                    .put("rate", step.rate());
        }
        if (trailer != null) {
            object.set("trailer", trailer);
        }
        if (blobs != null) {
            object.putObject("blobs").put("bytes", blobs.bytes()).put("sha256", blobs.sha256());
        }
        object.put("key", key);
        byte[] json = JSON.writeValueAsBytes(object);
        byte[] file = Arrays.copyOf(json, json.length + 1);
        file[json.length] = '\n';
        return file;
    }

    /**
     * Reads what {@link #toBytes} wrote; fields that it does not know are let be.
     *
     * @throws IOException with the first fault if it is not a manifest
     */
    public static Manifest parse(byte[] file) throws IOException {
        if (file.length == 0 || file[file.length - 1] != '\n') {
            throw new IOException("the manifest does not end with a line feed");
        }
        JsonObject object = JsonObject.parse(new String(file, UTF_8), "the manifest");
        String format = object.text("format");
        if (!format.equals(FORMAT)) {
            throw new IOException("the manifest's format is " + format + ", not " + FORMAT);
        }
        Manifest manifest = read(object);
        manifest.requireSense();
        return manifest;
    }

    private static Manifest read(JsonObject object) throws IOException {
        return new Manifest(
                object.text("w"),
                object.text("segment"),
                object.count("first_seq"),
                object.count("last_seq"),
                object.count("lines"),
                object.count("records"),
                object.has("first_ts") ? object.number("first_ts") : null,
                object.has("last_ts") ? object.number("last_ts") : null,
                object.count("bytes"),
                object.digest("sha256"),
                object.count("gz_bytes"),
                object.digest("gz_sha256"),
                object.digest("idx_sha256"),
                object.digest("merkle_root"),
                object.digest("prev"),
                object.digest("last_sha256"),
                previous(object),
                object.has("recovered") && object.flag("recovered"),
                object.number("sealed"),
                object.text("cfg"),
                object.text("env"),
                object.text("policy"),
                object.text("redaction"),
                rates(object),
                object.has("trailer") ? object.object("trailer").node() : null,
                blobs(object),
                object.text("key"));
    }

    private static @Nullable Previous previous(JsonObject object) throws IOException {
        if (!object.has("previous")) {
            return null;
        }
        JsonObject previous = object.object("previous");
        return new Previous(previous.text("segment"), previous.digest("manifest_sha256"));
    }

    private static @Nullable BlobFile blobs(JsonObject object) throws IOException {
        if (!object.has("blobs")) {
            return null;
        }
        JsonObject blobs = object.object("blobs");
        return new BlobFile(blobs.count("bytes"), blobs.digest("sha256"));
    }

    private static List<RateStep> rates(JsonObject object) throws IOException {
        List<RateStep> rates = new ArrayList<>();
        for (JsonObject step : object.objects("rates")) {
            rates.add(new RateStep(step.number("ts"), step.text("model"), step.real("rate")));
        }
        return rates;
    }

    private void requireSense() throws IOException {
        if (lines < 1 || lastSeq - firstSeq + 1 != lines || records > lines) {
            throw new IOException(
                    "the manifest counts %d lines and %d records from seq %d to %d"
                            .formatted(lines, records, firstSeq, lastSeq));
        }
        if ((firstTs == null) != (lastTs == null) || (firstTs == null) != (records == 0)) {
            throw new IOException(
                    "the manifest has " + records + " records and times that do not fit them");
        }
    }

    /** This manifest without its trailer, for keeping many of them. */
    Manifest withoutTrailer() {
        return new Manifest(
                writer,
                segment,
                firstSeq,
                lastSeq,
                lines,
                records,
                firstTs,
                lastTs,
                bytes,
                sha256,
                gzBytes,
                gzSha256,
                idxSha256,
                merkleRoot,
                prev,
                lastSha256,
                previous,
                isRecovered,
                sealed,
                cfg,
                env,
                policy,
                redaction,
                rates,
                null,
                blobs,
                key);
    }
}
