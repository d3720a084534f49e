package dev.penstock.http;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;

/** Compresses answers. One for each event loop, which closes it. */
final class Deflate implements AutoCloseable {
    private static final byte[] GZIP_HEADER = {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 0, (byte) 0xff};
    private static final int TRAILER_BYTES = 8;

    private final CRC32 crc = new CRC32();
    private @Nullable Deflater gzip;
    private @Nullable Deflater zlib;

    /**
     * Appends the compressed form of {@code body} to {@code out}.
     *
     * @return false when that would take more room than {@code out} has left: then it is not worth
     *     it, and {@code out} holds nothing useful
     */
    boolean compress(ByteBuf body, Codings coding, ByteBuf out) {
        boolean isGzip = coding == Codings.GZIP;
        Deflater deflater = isGzip ? gzip() : zlib();
        ByteBuffer in = body.nioBuffer();
        if (isGzip) {
            out.writeBytes(GZIP_HEADER);
            crc.reset();
            crc.update(in.duplicate());
        }
        int inBytes = in.remaining();
        deflater.reset();
        deflater.setInput(in);
        deflater.finish();
        int room = out.capacity() - out.writerIndex() - TRAILER_BYTES;
        if (room <= 0) {
            return false;
        }
        int produced = deflater.deflate(out.nioBuffer(out.writerIndex(), room));
        if (!deflater.finished()) {
            return false;
        }
        out.writerIndex(out.writerIndex() + produced);
        if (isGzip) {
            out.writeIntLE((int) crc.getValue());
            out.writeIntLE(inBytes);
        }
        return true;
    }

    private Deflater gzip() {
        Deflater known = gzip;
        if (known == null) {
            known = new Deflater(Deflater.BEST_SPEED, true);
            gzip = known;
        }
        return known;
    }

    private Deflater zlib() {
        Deflater known = zlib;
        if (known == null) {
            known = new Deflater(Deflater.BEST_SPEED, false);
            zlib = known;
        }
        return known;
    }

    @Override
    public void close() {
        Deflater first = gzip;
        Deflater second = zlib;
        gzip = null;
        zlib = null;
        if (first != null) {
            first.end();
        }
        if (second != null) {
            second.end();
        }
    }
}
