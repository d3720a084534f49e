package dev.penstock.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.penstock.FailingAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class TensorPoolTest {
    private final TensorPool pool = new TensorPool(PooledByteBufAllocator.DEFAULT, 100);

    @Test
    void givesNothingAboveTheBudgetAndAgainOnceItIsBack() {
        Memory first = pool.take(60);
        assertNotNull(first);
        assertNull(pool.take(41));
        Memory second = pool.take(40);
        assertNotNull(second);
        assertEquals(100, pool.bytesOut());
        first.close();
        second.close();
        assertEquals(0, pool.bytesOut());
    }

    @Test
    void whatTheAllocatorDoesNotGiveIsNotCounted() {
        FailingAllocator allocator = new FailingAllocator();
        TensorPool poor = new TensorPool(allocator, 100);
        allocator.failure = new OutOfMemoryError("Cannot reserve direct buffer memory");
        assertNull(poor.take(60));
        assertEquals(0, poor.bytesOut());
        allocator.failure = new IllegalStateException("a bug");
        assertThrows(IllegalStateException.class, () -> poor.take(60));
        assertEquals(0, poor.bytesOut());
        allocator.failure = null;
        Memory block = poor.take(100);
        assertNotNull(block, "all of the budget is there");
        block.close();
    }

    @Test
    void aBlockIsLittleEndianAndAsLongAsAsked() {
        try (Memory block = pool.take(7)) {
            assertEquals(7, block.bytes().remaining());
            assertEquals(ByteOrder.LITTLE_ENDIAN, block.bytes().order());
            assertEquals(ByteOrder.LITTLE_ENDIAN, block.slice(1, 4).order());
        }
        assertEquals(0, pool.bytesOut());
    }

    @Test
    void aBlockClosesOnce() {
        AtomicInteger releases = new AtomicInteger();
        Memory adopted = pool.adopt(ByteBuffer.allocateDirect(10), releases::incrementAndGet);
        assertEquals(10, pool.bytesOut());
        adopted.close();
        assertThrows(IllegalStateException.class, adopted::close);
        assertEquals(1, releases.get());
        assertEquals(0, pool.bytesOut());
    }

    @Test
    void adoptedMemoryStaysTheCallersWhenTheBudgetRefusesIt() {
        AtomicInteger releases = new AtomicInteger();
        assertNull(pool.adopt(ByteBuffer.allocateDirect(101), releases::incrementAndGet));
        assertEquals(0, releases.get());
        assertEquals(0, pool.bytesOut());
    }
}
