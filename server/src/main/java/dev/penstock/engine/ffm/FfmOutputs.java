package dev.penstock.engine.ffm;

import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.tensor.Memory;
import dev.penstock.tensor.TensorPool;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * What the outputs of one run hold: native values, counted by the pool though it did not make them,
 * and blocks of the pool where a copy was needed. It is the release action of their set.
 */
final class FfmOutputs implements Runnable {
    private static final ByteBuffer EMPTY =
            ByteBuffer.allocateDirect(0).order(ByteOrder.LITTLE_ENDIAN);

    private final FfmSession session;
    private final TensorPool pool;
    private final long[] values;
    private Memory @Nullable [] copies;
    private long countedBytes;

    FfmOutputs(FfmSession session, TensorPool pool, int count) {
        this.session = session;
        this.pool = pool;
        this.values = new long[count];
        session.hold();
    }

    void own(int place, long value) {
        values[place] = value;
    }

    void own(Memory copy) {
        Memory[] before = copies;
        if (before == null) {
            copies = new Memory[] {copy};
            return;
        }
        Memory[] more = java.util.Arrays.copyOf(before, before.length + 1);
        more[before.length] = copy;
        copies = more;
    }

    /**
     * A view of native memory that one of the values owns.
     *
     * @throws FailureException when the pool's budget does not allow it
     */
    ByteBuffer view(long data, long bytes) {
        if (bytes == 0) {
            return EMPTY;
        }
        if (!pool.reserve(bytes)) {
            throw new FailureException(new Failure.MemoryFull());
        }
        countedBytes += bytes;
        return MemorySegment.ofAddress(data)
                .reinterpret(bytes)
                .asByteBuffer()
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public void run() {
        for (long value : values) {
            if (value != 0) {
                RunApi.releaseValue(value);
            }
        }
        Memory[] owned = copies;
        if (owned != null) {
            for (Memory copy : owned) {
                copy.close();
            }
        }
        pool.returned(countedBytes);
        session.letGo();
    }
}
