package dev.penstock.grpc;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Messages field by field, for those that the generated classes would never write. */
final class Wire {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    byte[] toBytes() {
        return bytes.toByteArray();
    }

    /** Bytes as they are. */
    Wire raw(int... values) {
        for (int value : values) {
            bytes.write(value);
        }
        return this;
    }

    Wire raw(byte[] values) {
        bytes.writeBytes(values);
        return this;
    }

    Wire varint(long value) {
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            bytes.write((int) (rest & 0x7f) | 0x80);
            rest >>>= 7;
        }
        bytes.write((int) rest);
        return this;
    }

    Wire tag(int field, int wireType) {
        return varint(((long) field << 3) | wireType);
    }

    /** A field of wire type 0. */
    Wire number(int field, long value) {
        return tag(field, 0).varint(value);
    }

    /** A field of wire type 2. */
    Wire field(int field, byte[] content) {
        return tag(field, 2).varint(content.length).raw(content);
    }

    Wire field(int field, Wire content) {
        return field(field, content.toBytes());
    }

    Wire field(int field, String text) {
        return field(field, text.getBytes(StandardCharsets.UTF_8));
    }

    Wire repeat(int times, Wire content) {
        byte[] one = content.toBytes();
        for (int i = 0; i < times; i++) {
            raw(one);
        }
        return this;
    }
}
