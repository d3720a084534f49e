package dev.penstock.http;

import dev.penstock.inference.FailureException;
import dev.penstock.inference.Limits;
import dev.penstock.tensor.Memory;
import dev.penstock.tensor.TensorPool;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Gathers the body of one request at a time. What comes in one piece is used where it lies. What
 * comes in several is copied at once into one block: network buffers are larger than what they
 * hold, and nobody counts them. When the caller said the size, the block is exactly that as soon as
 * a quarter of it came, and until then no more than four times what did.
 */
final class BodyReader {
    private static final int TENSOR_ALIGNMENT = 64;
    private static final int FIRST_BLOCK_BYTES = 16 * 1024;
    private static final int FIRST_PART_BYTES = 64 * 1024;
    private static final int GROWTH = 4;

    private final TensorPool pool;
    private final Limits limits;
    private final int countedPieceBytes;
    private final Body body;
    private long expected;
    private int jsonBytes;
    private int received;
    private int smallPieces;
    private @Nullable ByteBuf whole;
    private @Nullable Memory block;
    private int offset;
    private @Nullable Inflate inflate;

    BodyReader(TensorPool pool, Limits limits) {
        this.pool = pool;
        this.limits = limits;
        this.countedPieceBytes = limits.bodyBytes() / limits.chunks();
        this.body = new Body(pool);
    }

    /**
     * Begins with another body.
     *
     * @param expectedBytes as the caller said; -1 when it did not
     * @param jsonBytes what is behind that many bytes gets aligned
     * @param inflate decompresses the body, and is closed by this reader; or null
     */
    void begin(long expectedBytes, int jsonBytes, @Nullable Inflate inflate) {
        clear();
        this.expected = expectedBytes;
        this.jsonBytes = jsonBytes;
        this.inflate = inflate;
        if (expectedBytes > limits.bodyBytes()) {
            throw new FailureException(Refusals.bodyTooLarge(expectedBytes, limits.bodyBytes()));
        }
    }

    /** Bytes of the body that came so far. */
    int received() {
        return received;
    }

    /** Takes the next piece, and the caller's reference to it. */
    void add(ByteBuf piece) {
        int bytes = piece.readableBytes();
        if (bytes == 0) {
            piece.release();
            return;
        }
        boolean isHeld = false;
        try {
            count(bytes);
            if (inflate != null) {
                inflate.add(piece);
            } else if (bytes == expected) {
                whole = piece;
                isHeld = true;
            } else {
                append(piece, received - bytes);
            }
        } finally {
            if (!isHeld) {
                piece.release();
            }
        }
    }

    private void count(int bytes) {
        if (bytes > limits.bodyBytes() - received) {
            throw new FailureException(
                    Refusals.bodyTooLarge((long) received + bytes, limits.bodyBytes()));
        }
        received += bytes;
        // Larger pieces need no count: the limit of the body allows no more of them than that.
        if (expected < 0 && bytes < countedPieceBytes && ++smallPieces > limits.chunks()) {
            throw Refusals.invalid(
                    "TOO_MANY_CHUNKS", "a body of more than " + limits.chunks() + " chunks");
        }
    }

    private void append(ByteBuf piece, int at) {
        Memory target = block;
        if (target == null || target.size() - offset < received) {
            target = grow(target, at);
        }
        piece.getBytes(piece.readerIndex(), target.slice(offset + at, piece.readableBytes()));
    }

    /** A block in which the bytes behind the JSON begin at a multiple of 64. */
    private Memory exact(int bytes) {
        Memory taken = take(bytes + TENSOR_ALIGNMENT - 1);
        int over = taken.bytes().alignmentOffset(jsonBytes, TENSOR_ALIGNMENT);
        offset = over == 0 ? 0 : TENSOR_ALIGNMENT - over;
        return taken;
    }

    /** A block with room for what came, with what the one before it holds. */
    private Memory grow(@Nullable Memory small, int heldBytes) {
        int from = offset;
        Memory larger = expected >= 0 ? towards((int) expected) : doubled(small);
        block = larger;
        if (small != null) {
            larger.bytes().put(offset, small.bytes(), from, heldBytes);
            small.close();
        }
        return larger;
    }

    // An announcement costs its sender nothing: memory follows what came. What is copied on the
    // way is a third of the body at most.
    private Memory towards(int bytes) {
        long room = Math.max(FIRST_PART_BYTES, (long) GROWTH * received);
        if (room >= bytes) {
            return exact(bytes);
        }
        offset = 0;
        return take((int) room);
    }

    private Memory doubled(@Nullable Memory small) {
        long wanted = small == null ? FIRST_BLOCK_BYTES : 2L * small.size();
        long most = Math.max(received, limits.bodyBytes());
        return take((int) Math.min(Math.max(wanted, received), most));
    }

    private Memory take(int bytes) {
        Memory taken = pool.take(bytes);
        if (taken == null) {
            throw Refusals.memoryFull();
        }
        return taken;
    }

    /** The whole body, to be cleared by {@link #clear}. */
    Body finish() {
        Inflate compressed = inflate;
        ByteBuf piece = whole;
        Memory gathered = block;
        whole = null;
        block = null;
        if (compressed != null) {
            compressed.finish(body);
        } else if (piece != null) {
            body.hold(piece);
        } else if (gathered != null) {
            body.hold(gathered, offset, received);
        }
        return body;
    }

    /** Frees what was not handed on. */
    void clear() {
        Inflate compressed = inflate;
        ByteBuf piece = whole;
        Memory gathered = block;
        inflate = null;
        whole = null;
        block = null;
        received = 0;
        smallPieces = 0;
        offset = 0;
        body.clear();
        if (compressed != null) {
            compressed.close();
        }
        if (piece != null) {
            piece.release();
        }
        if (gathered != null) {
            gathered.close();
        }
    }
}
