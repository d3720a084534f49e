package dev.penstock.bench.load;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * The header block of a {@code ModelInfer} call, as RFC 7541 compresses it: the first on a
 * connection puts its fields into the dynamic table, all later ones are seven bytes that point
 * there.
 */
final class Hpack {
    private static final int METHOD_POST = 0x80 | 3;
    private static final int SCHEME_HTTP = 0x80 | 6;
    private static final int ADD_WITH_NEW_NAME = 0x40;
    private static final int PATH = 4;
    private static final int AUTHORITY = 1;
    private static final int CONTENT_TYPE = 31;
    private static final int USER_AGENT = 58;

    /** The dynamic table starts after the 61 static entries; the newest entry comes first. */
    private static final int NEWEST = 62;

    private Hpack() {}

    static byte[] first(String authority) {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        block.write(METHOD_POST);
        block.write(SCHEME_HTTP);
        add(block, PATH, "/inference.GRPCInferenceService/ModelInfer");
        add(block, AUTHORITY, authority);
        block.write(ADD_WITH_NEW_NAME);
        text(block, "te");
        text(block, "trailers");
        add(block, CONTENT_TYPE, "application/grpc");
        add(block, USER_AGENT, "penstock-benchmarks");
        return block.toByteArray();
    }

    /** The same fields again, on a connection that has seen {@link #first}. */
    static byte[] again() {
        return new byte[] {
            (byte) METHOD_POST,
            (byte) SCHEME_HTTP,
            (byte) (0x80 | NEWEST + 4),
            (byte) (0x80 | NEWEST + 3),
            (byte) (0x80 | NEWEST + 2),
            (byte) (0x80 | NEWEST + 1),
            (byte) (0x80 | NEWEST)
        };
    }

    private static void add(ByteArrayOutputStream block, int nameIndex, String value) {
        block.write(ADD_WITH_NEW_NAME | nameIndex);
        text(block, value);
    }

    /** Plain, not Huffman-coded; shorter than 127 characters. */
    private static void text(ByteArrayOutputStream block, String value) {
        block.write(value.length());
        block.writeBytes(value.getBytes(StandardCharsets.US_ASCII));
    }
}
