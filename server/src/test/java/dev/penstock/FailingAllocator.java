package dev.penstock;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import org.jspecify.annotations.Nullable;

/** Gives direct buffers until a test tells it how to fail. */
public final class FailingAllocator extends UnpooledByteBufAllocator {
    /** What the next requests for direct memory end in; null to give it. */
    public volatile @Nullable Throwable failure;

    public FailingAllocator() {
        super(true);
    }

    @Override
    protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
        switch (failure) {
            case Error e -> throw e;
            case RuntimeException e -> throw e;
            case null, default -> {
                return super.newDirectBuffer(initialCapacity, maxCapacity);
            }
        }
    }
}
