package dev.penstock;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Gives direct buffers until a test tells it how to fail. */
public final class FailingAllocator extends UnpooledByteBufAllocator {
    /** What the next requests for direct memory end in; null to give it. */
    public volatile @Nullable Throwable failure;

    /** How many of them do, before memory is given again. */
    public final AtomicInteger failuresLeft = new AtomicInteger(Integer.MAX_VALUE);

    public FailingAllocator() {
        super(true);
    }

    @Override
    protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
        Throwable now = failure;
        if (now != null && failuresLeft.getAndDecrement() <= 0) {
            now = null;
        }
        switch (now) {
            case Error e -> throw e;
            case RuntimeException e -> throw e;
            case null, default -> {
                return super.newDirectBuffer(initialCapacity, maxCapacity);
            }
        }
    }
}
