package dev.penstock.lineage.store;

import dev.penstock.journal.DurableFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * Writes lines as gzip members (RFC 1952), each of whole lines and of at least 64 KiB but for the
 * last, so that a reader can begin at any of them.
 */
final class MemberWriter implements Closeable {
    static final int MIN_MEMBER_BYTES = 64 * 1024;

    private static final int DEFLATE = 8;
    private static final int FASTEST = 4;
    private static final int UNKNOWN_SYSTEM = 255;
    private static final byte[] HEADER = {
        0x1f, (byte) 0x8b, DEFLATE, 0, 0, 0, 0, 0, FASTEST, (byte) UNKNOWN_SYSTEM
    };

    private final DurableFile out;
    private final Deflater deflater = new Deflater(Deflater.BEST_SPEED, true);
    private final CRC32 crc = new CRC32();
    private final MessageDigest sha256 = Sha256.digest();
    private byte[] raw = new byte[2 * MIN_MEMBER_BYTES];
    private int rawBytes;
    private byte[] packed = new byte[MIN_MEMBER_BYTES];
    private long writtenBytes;
    private long lineInMember;

    MemberWriter(DurableFile out) {
        this.out = out;
    }

    /** Where the member begins that the next line goes to. */
    long memberOffset() {
        return writtenBytes;
    }

    /** The number of the next line in its member. */
    long lineInMember() {
        return lineInMember;
    }

    /** Adds the line in {@code [from, to)}, and a line feed. */
    void add(byte[] line, int from, int to) throws IOException {
        int bytes = to - from;
        if (raw.length < rawBytes + bytes + 1) {
            raw = Arrays.copyOf(raw, Math.max(2 * raw.length, rawBytes + bytes + 1));
        }
        System.arraycopy(line, from, raw, rawBytes, bytes);
        rawBytes += bytes;
        raw[rawBytes++] = '\n';
        lineInMember++;
        if (rawBytes >= MIN_MEMBER_BYTES) {
            endMember();
        }
    }

    /** Writes what is left. */
    void finish() throws IOException {
        if (rawBytes > 0) {
            endMember();
        }
    }

    private void endMember() throws IOException {
        System.arraycopy(HEADER, 0, packed, 0, HEADER.length);
        int length = HEADER.length;
        deflater.reset();
        deflater.setInput(raw, 0, rawBytes);
        deflater.finish();
        while (!deflater.finished()) {
            if (length == packed.length) {
                packed = Arrays.copyOf(packed, 2 * packed.length);
            }
            length += deflater.deflate(packed, length, packed.length - length);
        }
        crc.reset();
        crc.update(raw, 0, rawBytes);
        packed = Arrays.copyOf(packed, Math.max(packed.length, length + 2 * Integer.BYTES));
        ByteBuffer.wrap(packed, length, 2 * Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt((int) crc.getValue())
                .putInt(rawBytes);
        length += 2 * Integer.BYTES;
        sha256.update(packed, 0, length);
        out.writeFully(ByteBuffer.wrap(packed, 0, length));
        writtenBytes += length;
        rawBytes = 0;
        lineInMember = 0;
    }

    long writtenBytes() {
        return writtenBytes;
    }

    /** Of the whole file; once, after {@link #finish}. */
    String sha256() {
        return Sha256.HEX.formatHex(sha256.digest());
    }

    @Override
    public void close() {
        deflater.end();
    }
}
