package dev.penstock;

import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledDirectByteBuf;
import io.netty.buffer.UnpooledHeapByteBuf;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Gives direct buffers until a test tells it how to fail. */
public final class FailingAllocator extends AbstractByteBufAllocator {
    /** What requests for direct memory end in; null to give it. */
    public volatile @Nullable Throwable failure;

    /** How many of them do, before memory is given again. */
    public final AtomicInteger failuresLeft = new AtomicInteger(Integer.MAX_VALUE);

    /** Larger requests are never failed. */
    public volatile int failsUpToBytes = Integer.MAX_VALUE;

    public FailingAllocator() {
        super(true);
    }

    @Override
    protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
        return new UnpooledHeapByteBuf(this, initialCapacity, maxCapacity);
    }

    @Override
    protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
        Throwable now = failure;
        if (now == null
                || initialCapacity > failsUpToBytes
                || failuresLeft.getAndDecrement() <= 0) {
            return new UnpooledDirectByteBuf(this, initialCapacity, maxCapacity);
        }
        if (now instanceof Error e) {
            throw e;
        }
        throw (RuntimeException) now;
    }

    @Override
    public boolean isDirectBufferPooled() {
        return false;
    }
}
