package dev.penstock.lineage.store;

import static dev.penstock.runtime.Check.require;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** One record to be appended. */
public final class LineageLine {
    private final byte[] json;
    private final int length;
    private final List<Blob> blobs;
    private final @Nullable Object tag;

    /** A tensor that is too large for a line. */
    public static final class Blob {
        private final int at;
        private final byte[] data;

        /**
         * A blob.
         *
         * @param at where in the line's JSON the object that refers to it is put in
         * @param data its raw bytes, not to be changed until the line is appended
         */
        public Blob(int at, byte[] data) {
            this.at = at;
            this.data = data;
        }

        int at() {
            return at;
        }

        byte[] data() {
            return data;
        }
    }

    /** A record that is all in its line. */
    public LineageLine(byte[] json, int length) {
        this(json, length, List.of(), null);
    }

    /**
     * A record.
     *
     * @param json holds a JSON object from 0 on; belongs to the caller again when it is appended
     * @param length of the object
     * @param blobs in the order of their places
     * @param tag given back by {@link SegmentFacts#lost}
     */
    public LineageLine(byte[] json, int length, List<Blob> blobs, @Nullable Object tag) {
        require(length >= 2 && length <= json.length, "length is %d of %d", length, json.length);
        int from = 1;
        for (Blob blob : blobs) {
            require(blob.at() >= from && blob.at() < length, "a blob's place is %d", blob.at());
            from = blob.at();
        }
        this.json = json;
        this.length = length;
        this.blobs = List.copyOf(blobs);
        this.tag = tag;
    }

    byte[] json() {
        return json;
    }

    int length() {
        return length;
    }

    List<Blob> blobs() {
        return blobs;
    }

    @Nullable Object tag() {
        return tag;
    }
}
