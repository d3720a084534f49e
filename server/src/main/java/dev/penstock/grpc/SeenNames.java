package dev.penstock.grpc;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Short texts that were read lately, so that the names of models and tensors, which are the same in
 * every request, are not made anew for each.
 *
 * <p>A text's hash says where it may stand; a newer one takes the place of an older. Threads race
 * for places and lose nothing by it: a text that is not found is made again.
 */
final class SeenNames {
    /** Longer texts are not kept. */
    static final int MAX_CHARS = 64;

    private static final int PLACES = 1024;

    private final @Nullable String[] places = new @Nullable String[PLACES];

    /** The text of these ASCII bytes, if it was seen lately; else null. */
    @Nullable String find(ByteBuffer bytes, int at, int length) {
        String seen = places[place(bytes, at, length)];
        if (seen == null || seen.length() != length) {
            return null;
        }
        for (int i = 0; i < length; i++) {
            if (seen.charAt(i) != bytes.get(at + i)) {
                return null;
            }
        }
        return seen;
    }

    /** Keeps the text of these bytes, all of them ASCII. */
    void keep(String text, ByteBuffer bytes, int at, int length) {
        places[place(bytes, at, length)] = text;
    }

    private static int place(ByteBuffer bytes, int at, int length) {
        int hash = length;
        for (int i = 0; i < length; i++) {
            hash = 31 * hash + bytes.get(at + i);
        }
        return (hash ^ (hash >>> 10)) & (PLACES - 1);
    }
}
