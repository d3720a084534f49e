package dev.penstock.tensor;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Where tensor memory comes from, and the one budget for all bytes in flight: request bodies,
 * tensors and responses. Above the budget it gives nothing, and the caller refuses the request;
 * memory never runs out by surprise.
 *
 * <p>Any thread.
 */
public final class TensorPool {
    private final ByteBufAllocator allocator;
    private final long budgetBytes;
    private final AtomicLong bytesOut = new AtomicLong();

    /**
     * @param allocator gives direct buffers
     * @param budgetBytes most bytes out at one time
     */
    public TensorPool(ByteBufAllocator allocator, long budgetBytes) {
        this.allocator = allocator;
        this.budgetBytes = budgetBytes;
    }

    /** The allocator below, for the buffers of the network. */
    public ByteBufAllocator allocator() {
        return allocator;
    }

    /**
     * A block of exactly this size, its content undefined; the caller owns it.
     *
     * @return null when the budget does not allow it, or the process has no more direct memory:
     *     connections hold some that is in no budget
     */
    public @Nullable Memory take(int bytes) {
        if (!reserve(bytes)) {
            return null;
        }
        ByteBuf block;
        try {
            block = allocator.directBuffer(Math.max(bytes, 1), Math.max(bytes, 1));
        } catch (OutOfMemoryError e) {
            returned(bytes);
            return null;
        } catch (Throwable e) {
            returned(bytes);
            throw e;
        }
        return new Memory(this, block.internalNioBuffer(0, bytes).slice(), bytes, block::release);
    }

    /**
     * Counts memory that came from elsewhere, such as a network buffer; the block that is returned
     * owns it.
     *
     * @param bytes direct, position 0
     * @param release gives the memory back
     * @return null when the budget does not allow it; the caller then still owns the memory
     */
    public @Nullable Memory adopt(ByteBuffer bytes, Runnable release) {
        if (!reserve(bytes.limit())) {
            return null;
        }
        return new Memory(this, bytes, bytes.limit(), release);
    }

    /**
     * Counts bytes that are about to be held outside of this pool, such as a response.
     *
     * @return false when the budget does not allow it; nothing is counted then
     */
    public boolean reserve(long bytes) {
        if (bytesOut.addAndGet(bytes) > budgetBytes) {
            bytesOut.addAndGet(-bytes);
            return false;
        }
        return true;
    }

    /** Undoes {@link #reserve}. */
    public void returned(long bytes) {
        bytesOut.addAndGet(-bytes);
    }

    /** Bytes that are out now: 0 when every block was closed. */
    public long bytesOut() {
        return bytesOut.get();
    }

    public long budgetBytes() {
        return budgetBytes;
    }
}
