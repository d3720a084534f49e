package dev.penstock.lineage.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** One record as it stands in the log. Its tree is for one thread at a time. */
public final class StoredRecord {
    private final String segment;
    private final long seq;
    private final byte[] json;
    private @Nullable JsonNode tree;

    StoredRecord(String segment, long seq, byte[] json) {
        this.segment = segment;
        this.seq = seq;
        this.json = json;
    }

    /** The stem of the segment that holds it. */
    public String segment() {
        return segment;
    }

    /** Its place in the chain. */
    public long seq() {
        return seq;
    }

    /** The line as written, without its line feed; not to be changed. */
    public byte[] json() {
        return json;
    }

    /**
     * The line as JSON, read once.
     *
     * @throws IOException if it is not a JSON object
     */
    public JsonNode tree() throws IOException {
        JsonNode read = tree;
        if (read == null) {
            String what = "line " + seq + " of " + segment;
            read = JsonObject.parse(new String(json, UTF_8), what).node();
            tree = read;
        }
        return read;
    }

    @Override
    public String toString() {
        return new String(json, UTF_8);
    }
}
