package dev.penstock.lineage.store;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Reads gzip members one at a time (RFC 1952), so that one can be read on its own and each is
 * checked. The JDK's stream does neither: it joins the members, and takes a damaged one for the
 * end.
 */
final class GzipMembers implements Closeable {
    private static final int CHUNK_BYTES = 64 * 1024;
    // A member holds the lines that reach 64 KiB, the last of them perhaps the longest there is.
    private static final int MAX_MEMBER_BYTES = 48 << 20;

    private final InputStream in;
    private final Inflater inflater = new Inflater(true);
    private final CRC32 crc = new CRC32();
    private final byte[] input = new byte[CHUNK_BYTES];
    private int inputAt;
    private int inputEnd;
    private long nextOffset;
    private long offset;
    private byte[] bytes = new byte[2 * CHUNK_BYTES];
    private int length;

    /**
     * Reads on from where the stream stands.
     *
     * @param in closed with this
     * @param offset where it stands, at the begin of a member
     */
    GzipMembers(InputStream in, long offset) {
        this.in = in;
        this.nextOffset = offset;
    }

    /**
     * Goes to the next member.
     *
     * @return false at the end of the file
     * @throws IOException if the member is not whole and sound
     */
    boolean next() throws IOException {
        offset = nextOffset;
        length = 0;
        if (inputAt == inputEnd && !fill()) {
            return false;
        }
        readHeader();
        inflate();
        crc.reset();
        crc.update(bytes, 0, length);
        if (readU32() != crc.getValue() || readU32() != length) {
            throw damaged("its checksum is not that of its bytes", null);
        }
        return true;
    }

    private void readHeader() throws IOException {
        boolean isKnown = readByte() == 0x1f && readByte() == 0x8b && readByte() == 8;
        // None of the optional fields is written here.
        if (!isKnown || readByte() != 0) {
            throw damaged("it does not begin as one", null);
        }
        for (int i = 0; i < 6; i++) {
            var _ = readByte();
        }
    }

    private void inflate() throws IOException {
        inflater.reset();
        try {
            while (!inflater.finished()) {
                if (inflater.needsInput()) {
                    if (inputAt == inputEnd && !fill()) {
                        throw damaged("it is cut", null);
                    }
                    inflater.setInput(input, inputAt, inputEnd - inputAt);
                }
                long taken = inflater.getBytesRead();
                growIfFull();
                length += inflater.inflate(bytes, length, bytes.length - length);
                consume((int) (inflater.getBytesRead() - taken));
                if (inflater.needsDictionary()) {
                    throw damaged("it asks for a dictionary", null);
                }
            }
        } catch (DataFormatException e) {
            throw damaged("it cannot be inflated", e);
        }
    }

    private void growIfFull() throws IOException {
        if (length < bytes.length) {
            return;
        }
        if (length >= MAX_MEMBER_BYTES) {
            throw damaged("it is too large", null);
        }
        bytes = Arrays.copyOf(bytes, Math.min(2 * bytes.length, MAX_MEMBER_BYTES));
    }

    private void consume(int count) {
        inputAt += count;
        nextOffset += count;
    }

    private boolean fill() throws IOException {
        inputAt = 0;
        inputEnd = Math.max(0, in.read(input));
        return inputEnd > 0;
    }

    private int readByte() throws IOException {
        if (inputAt == inputEnd && !fill()) {
            throw damaged("it is cut", null);
        }
        int value = input[inputAt] & 0xff;
        consume(1);
        return value;
    }

    private long readU32() throws IOException {
        long value = 0;
        for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
            value |= (long) readByte() << shift;
        }
        return value;
    }

    private IOException damaged(String why, @org.jspecify.annotations.Nullable Throwable cause) {
        return new IOException("the gzip member at " + offset + " is damaged: " + why, cause);
    }

    /** Where the member begins in the file. */
    long offset() {
        return offset;
    }

    /** What holds the member's bytes, from 0 to {@link #length}, until the next call. */
    byte[] bytes() {
        return bytes;
    }

    int length() {
        return length;
    }

    @Override
    public void close() throws IOException {
        inflater.end();
        in.close();
    }
}
