package dev.penstock.bench.workload;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * A protobuf message in the making, by field numbers alone: what is written here is small, and the
 * ONNX schema is no dependency of ours.
 */
final class ProtoBytes {
    private static final int VARINT = 0;
    private static final int LENGTH_DELIMITED = 2;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    ProtoBytes varint(int field, long value) {
        raw((long) field << 3 | VARINT);
        return raw(value);
    }

    ProtoBytes bytes(int field, byte[] value) {
        raw((long) field << 3 | LENGTH_DELIMITED);
        raw(value.length);
        out.writeBytes(value);
        return this;
    }

    ProtoBytes text(int field, String value) {
        return bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    ProtoBytes message(int field, ProtoBytes value) {
        return bytes(field, value.toByteArray());
    }

    /** One varint without a field number, as packed fields hold them. */
    ProtoBytes raw(long value) {
        long rest = value;
        while ((rest & ~127L) != 0) {
            out.write((int) (rest & 127 | 128));
            rest >>>= 7;
        }
        out.write((int) rest);
        return this;
    }

    byte[] toByteArray() {
        return out.toByteArray();
    }
}
