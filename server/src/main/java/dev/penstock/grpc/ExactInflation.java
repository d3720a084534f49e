package dev.penstock.grpc;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.CRC32;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipException;

/**
 * Decompresses one member of gzip (RFC 1952) or one stream of zlib (RFC 1950), and refuses bytes
 * behind its end, as the HTTP listener does: the JDK's streams go on to a second member, and drop
 * what is none.
 */
final class ExactInflation extends InflaterInputStream {
    private static final int FLAG_CRC = 2;
    private static final int FLAG_EXTRA = 4;
    private static final int FLAG_NAME = 8;
    private static final int FLAG_COMMENT = 16;
    private static final int FLAGS_RESERVED = 0xe0;
    private static final int REST_OF_HEADER_BYTES = 6;
    private static final int BUFFER_BYTES = 4 * 1024;

    private final boolean isGzip;
    private final CRC32 crc = new CRC32();
    private boolean isOver;
    // Bytes of the buffer behind the compressed data; -1 until that has ended.
    private int unread = -1;

    private ExactInflation(InputStream compressed, boolean isGzip) {
        super(compressed, new Inflater(isGzip), BUFFER_BYTES);
        this.isGzip = isGzip;
    }

    static ExactInflation gzip(InputStream compressed) throws IOException {
        skipHeader(compressed);
        return new ExactInflation(compressed, true);
    }

    static ExactInflation zlib(InputStream compressed) {
        return new ExactInflation(compressed, false);
    }

    private static void skipHeader(InputStream in) throws IOException {
        if (next(in) != 0x1f || next(in) != 0x8b || next(in) != 8) {
            throw new ZipException("no gzip header");
        }
        int flags = next(in);
        if ((flags & FLAGS_RESERVED) != 0) {
            throw new ZipException("unknown gzip flags");
        }
        in.skipNBytes(REST_OF_HEADER_BYTES);
        if ((flags & FLAG_EXTRA) != 0) {
            int low = next(in);
            in.skipNBytes(low | next(in) << 8);
        }
        for (int texts = Integer.bitCount(flags & (FLAG_NAME | FLAG_COMMENT)); texts > 0; ) {
            if (next(in) == 0) {
                texts--;
            }
        }
        if ((flags & FLAG_CRC) != 0) {
            in.skipNBytes(2);
        }
    }

    private static int next(InputStream in) throws IOException {
        int b = in.read();
        if (b < 0) {
            throw new EOFException("cut short");
        }
        return b;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        if (isOver) {
            return -1;
        }
        int read = super.read(target, offset, length);
        if (read < 0) {
            finish();
        } else if (isGzip) {
            crc.update(target, offset, read);
        }
        return read;
    }

    private void finish() throws IOException {
        if (inf.needsDictionary()) {
            throw new ZipException("a preset dictionary");
        }
        if (isGzip) {
            if (word() != crc.getValue()) {
                throw new ZipException("wrong checksum");
            }
            if (word() != (inf.getBytesWritten() & 0xffff_ffffL)) {
                throw new ZipException("wrong length");
            }
        }
        if (behind() >= 0) {
            throw new ZipException("data after its end");
        }
        isOver = true;
    }

    /** The next byte behind the compressed data; -1 when there is none. */
    private int behind() throws IOException {
        if (unread < 0) {
            unread = inf.getRemaining();
        }
        return unread > 0 ? buf[len - unread--] & 0xff : in.read();
    }

    private long word() throws IOException {
        long word = 0;
        for (int shift = 0; shift < 32; shift += 8) {
            int b = behind();
            if (b < 0) {
                throw new EOFException("cut short");
            }
            word |= (long) b << shift;
        }
        return word;
    }

    @Override
    public void close() throws IOException {
        inf.end();
        super.close();
    }
}
