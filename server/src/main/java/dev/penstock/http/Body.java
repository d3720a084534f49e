package dev.penstock.http;

import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.tensor.Memory;
import dev.penstock.tensor.TensorPool;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The whole body of a request, where it lies: in the network buffer that it came in, or in a block
 * of the pool. One for each connection, filled again for every request.
 */
final class Body {
    private final TensorPool pool;
    private @Nullable ByteBuf piece;
    private @Nullable Memory block;
    private @Nullable ByteBuffer view;
    private int offset;
    private int length;

    Body(TensorPool pool) {
        this.pool = pool;
    }

    /** Holds a piece of a network buffer; takes over the caller's reference. */
    void hold(ByteBuf whole) {
        if (whole.isDirect() && whole.nioBufferCount() == 1) {
            piece = whole;
            offset = 0;
            length = whole.readableBytes();
            return;
        }
        Memory copy = pool.take(whole.readableBytes());
        try {
            if (copy == null) {
                throw new FailureException(new Failure.MemoryFull());
            }
            whole.readBytes(copy.slice(0, copy.size()));
            hold(copy, 0, copy.size());
        } finally {
            whole.release();
        }
    }

    /** Holds a part of a block, which is this body's from now on. */
    void hold(Memory from, int offset, int length) {
        this.block = from;
        this.offset = offset;
        this.length = length;
    }

    int length() {
        return length;
    }

    /** Copies the first bytes out. */
    void copyTo(byte[] target, int bytes) {
        ByteBuf inPlace = piece;
        if (inPlace != null) {
            inPlace.getBytes(inPlace.readerIndex(), target, 0, bytes);
        } else if (bytes > 0) {
            view().get(offset, target, 0, bytes);
        }
    }

    /** Whether the byte at {@code from} lies on a multiple of {@code unit}, a power of two. */
    boolean isAligned(int from, int unit) {
        return unit <= 1 || view().alignmentOffset(offset + from, unit) == 0;
    }

    /** Copies a part of the body to the beginning of {@code target}. */
    void copyTo(ByteBuffer target, int from, int bytes) {
        target.put(0, view(), offset + from, bytes);
    }

    /** All that the body lies in; {@link #offset} is where it begins there. */
    private ByteBuffer view() {
        ByteBuffer known = view;
        if (known == null) {
            ByteBuf inPlace = piece;
            Memory memory = block;
            if (inPlace != null) {
                known = inPlace.nioBuffer().slice();
            } else if (memory != null) {
                known = memory.bytes();
            } else {
                throw new IllegalStateException("no body");
            }
            view = known;
        }
        return known;
    }

    /**
     * Gives the memory away: its new owner closes it. Offsets of the body begin at {@link
     * #claimedOffset} there.
     */
    Memory claim() {
        ByteBuffer all = view();
        Memory memory = block;
        if (memory == null) {
            ByteBuf inPlace = piece;
            if (inPlace == null) {
                throw new IllegalStateException("no body");
            }
            memory = pool.adopt(all, inPlace::release);
            if (memory == null) {
                throw new FailureException(new Failure.MemoryFull());
            }
        }
        piece = null;
        block = null;
        return memory;
    }

    int claimedOffset() {
        return offset;
    }

    /** Frees the memory unless it was claimed; empty from now on. */
    void clear() {
        ByteBuf inPlace = piece;
        Memory memory = block;
        piece = null;
        block = null;
        view = null;
        offset = 0;
        length = 0;
        if (inPlace != null) {
            inPlace.release();
        }
        if (memory != null) {
            memory.close();
        }
    }
}
