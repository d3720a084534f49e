package dev.penstock.http;

import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.inference.Limits;
import dev.penstock.tensor.Memory;
import dev.penstock.tensor.TensorPool;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/**
 * Decompresses one request body as it comes in, gzip (RFC 1952) or zlib (RFC 1950), and counts:
 * what comes out may be neither larger than a body nor out of proportion to what went in. Checksum
 * and end are checked, and nothing may follow.
 */
final class Inflate implements AutoCloseable {
    private static final int FLAG_CRC = 2;
    private static final int FLAG_EXTRA = 4;
    private static final int FLAG_NAME = 8;
    private static final int FLAG_COMMENT = 16;
    private static final int FLAGS_RESERVED = 0xe0;
    private static final int FIXED_HEADER_BYTES = 10;
    private static final int TRAILER_BYTES = 8;
    private static final int FIRST_BLOCK_BYTES = 16 * 1024;

    private enum Part {
        HEADER,
        EXTRA_LENGTH,
        EXTRA,
        NAME,
        COMMENT,
        HEADER_CRC,
        DATA,
        TRAILER,
        END
    }

    private final TensorPool pool;
    private final Limits limits;
    private final boolean isGzip;
    private final Inflater inflater;
    private final CRC32 crc = new CRC32();
    private Part part;
    private int flags;
    private int counted;
    private int field;
    private long trailer;
    private long bytesIn;
    private int bytesOut;
    private @Nullable Memory block;

    Inflate(TensorPool pool, Limits limits, boolean isGzip) {
        this.pool = pool;
        this.limits = limits;
        this.isGzip = isGzip;
        this.inflater = new Inflater(isGzip);
        this.part = isGzip ? Part.HEADER : Part.DATA;
    }

    /** Takes the next piece of the compressed body, which stays the caller's. */
    void add(ByteBuf piece) {
        bytesIn += piece.readableBytes();
        while (piece.isReadable()) {
            if (part == Part.DATA) {
                data(piece);
            } else {
                one(piece.readUnsignedByte());
            }
        }
    }

    private void one(int b) {
        switch (part) {
            case HEADER -> header(b);
            case EXTRA_LENGTH -> {
                field |= b << (8 * counted++);
                if (counted == 2) {
                    next(field == 0 ? Part.NAME : Part.EXTRA);
                }
            }
            case EXTRA -> {
                if (--field == 0) {
                    next(Part.NAME);
                }
            }
            case NAME -> {
                if (b == 0) {
                    next(Part.COMMENT);
                }
            }
            case COMMENT -> {
                if (b == 0) {
                    next(Part.HEADER_CRC);
                }
            }
            case HEADER_CRC -> {
                if (++counted == 2) {
                    next(Part.DATA);
                }
            }
            case TRAILER -> trailer(b);
            case DATA, END -> throw malformed("data after its end");
        }
    }

    private void header(int b) {
        int at = counted++;
        if ((at == 0 && b != 0x1f) || (at == 1 && b != 0x8b) || (at == 2 && b != 8)) {
            throw malformed("no gzip header");
        }
        if (at == 3) {
            flags = b;
            if ((b & FLAGS_RESERVED) != 0) {
                throw malformed("unknown gzip flags");
            }
        }
        if (counted == FIXED_HEADER_BYTES) {
            next(Part.EXTRA_LENGTH);
        }
    }

    /** Goes to a part, or past it when the flags say that it is not there. */
    private void next(Part wanted) {
        counted = 0;
        Part to = wanted;
        if (to == Part.EXTRA_LENGTH && (flags & FLAG_EXTRA) == 0) {
            to = Part.NAME;
        }
        if (to == Part.NAME && (flags & FLAG_NAME) == 0) {
            to = Part.COMMENT;
        }
        if (to == Part.COMMENT && (flags & FLAG_COMMENT) == 0) {
            to = Part.HEADER_CRC;
        }
        if (to == Part.HEADER_CRC && (flags & FLAG_CRC) == 0) {
            to = Part.DATA;
        }
        if (to == Part.EXTRA_LENGTH) {
            field = 0;
        }
        part = to;
    }

    private void trailer(int b) {
        trailer |= (long) b << (8 * counted++);
        if (counted < TRAILER_BYTES) {
            return;
        }
        if ((trailer & 0xffff_ffffL) != crc.getValue()) {
            throw malformed("wrong checksum");
        }
        if (trailer >>> 32 != bytesOut) {
            throw malformed("wrong length");
        }
        part = Part.END;
    }

    private void data(ByteBuf piece) {
        ByteBuffer in = piece.nioBuffer();
        int given = in.remaining();
        inflater.setInput(in);
        try {
            while (!inflater.finished()) {
                ByteBuffer out = room();
                int from = out.position();
                inflater.inflate(out);
                count(out, from);
                if (out.position() == from && !inflater.finished()) {
                    if (inflater.needsDictionary()) {
                        throw malformed("a preset dictionary");
                    }
                    break;
                }
            }
        } catch (DataFormatException e) {
            throw malformed("corrupt data");
        }
        piece.skipBytes(given - inflater.getRemaining());
        if (inflater.finished()) {
            counted = 0;
            part = isGzip ? Part.TRAILER : Part.END;
        }
    }

    private void count(ByteBuffer out, int from) {
        int produced = out.position() - from;
        bytesOut += produced;
        if (isGzip && produced > 0) {
            crc.update(out.duplicate().flip().position(from));
        }
        if (bytesOut > limits.bodyBytes()) {
            throw tooLarge();
        }
        if (bytesOut > limits.inflateFloorBytes() && bytesOut > bytesIn * limits.inflateRatio()) {
            throw new FailureException(
                    new Failure.PayloadTooLarge(
                            "the body grows to more than "
                                    + limits.inflateRatio()
                                    + " times its compressed size",
                            "send it with less compression"));
        }
    }

    /** Free room behind what was decompressed, in a block that grows by doubling. */
    private ByteBuffer room() {
        Memory now = block;
        if (now == null) {
            now = take(Math.min(FIRST_BLOCK_BYTES, limits.bodyBytes() + 1));
            block = now;
        } else if (bytesOut == now.size()) {
            // One byte over the limit must fit, or an exact body could not be told from a larger.
            long doubled = Math.min(2L * now.size(), limits.bodyBytes() + 1L);
            Memory larger = take((int) doubled);
            larger.bytes().put(0, now.bytes(), 0, bytesOut);
            block = larger;
            now.close();
            now = larger;
        }
        return now.slice(0, now.size()).position(bytesOut);
    }

    private Memory take(int bytes) {
        Memory taken = pool.take(bytes);
        if (taken == null) {
            throw Refusals.memoryFull();
        }
        return taken;
    }

    /** Hands the decompressed body over, once all of it came. */
    void finish(Body target) {
        if (part != Part.END) {
            throw malformed("it ends too early");
        }
        Memory whole = block == null ? take(0) : block;
        block = null;
        target.hold(whole, 0, bytesOut);
    }

    private FailureException tooLarge() {
        return new FailureException(Refusals.bodyTooLarge(bytesOut, limits.bodyBytes()));
    }

    private static FailureException malformed(String why) {
        return Refusals.invalid("MALFORMED_ENCODING", "malformed compressed body: " + why);
    }

    @Override
    public void close() {
        inflater.end();
        Memory unused = block;
        block = null;
        if (unused != null) {
            unused.close();
        }
    }
}
