package dev.penstock.tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * A block of direct memory with one owner, counted by its {@link TensorPool} until it is closed.
 */
public final class Memory implements AutoCloseable, Runnable {
    private final TensorPool pool;
    private final ByteBuffer bytes;
    private final int counted;
    private @Nullable Runnable release;

    Memory(TensorPool pool, ByteBuffer bytes, int counted, Runnable release) {
        this.pool = pool;
        this.bytes = bytes.order(ByteOrder.LITTLE_ENDIAN);
        this.counted = counted;
        this.release = release;
    }

    /**
     * All of it: little-endian, position 0, limit = size. Callers share its position: slice before
     * moving it.
     */
    public ByteBuffer bytes() {
        return bytes;
    }

    public int size() {
        return bytes.limit();
    }

    /** A little-endian view of a part; it lives as long as this block. */
    public ByteBuffer slice(int offset, int length) {
        return bytes.slice(offset, length).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Gives the block back, once. */
    @Override
    public void close() {
        Runnable once = release;
        if (once == null) {
            throw new IllegalStateException("memory closed twice");
        }
        release = null;
        once.run();
        pool.returned(counted);
    }

    /** The same as {@link #close}, so that a block can be the release action of a set. */
    @Override
    public void run() {
        close();
    }
}
