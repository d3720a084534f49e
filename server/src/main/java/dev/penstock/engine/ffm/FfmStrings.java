package dev.penstock.engine.ffm;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.tensor.Memory;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.TensorPool;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * Copies a string tensor of the runtime into the layout of the wire, where each element follows its
 * length.
 *
 * <p>The runtime gives all bytes end to end and, apart, where each element starts. They are placed
 * at the end of the block, behind room for all lengths, and then moved to the front one by one: an
 * element never lands on bytes that have not moved, because each length still to be written leaves
 * four bytes between.
 */
final class FfmStrings {
    private FfmStrings() {}

    /**
     * A block of the pool with the elements; the caller owns it.
     *
     * @param out scratch of eight bytes
     */
    static Memory read(long value, String name, Shape shape, TensorPool pool, long out)
            throws NativeError {
        long elements = shape.elements();
        OrtLibrary.check(RunApi.getStringTensorDataLength(value, out));
        long textBytes = OrtLibrary.MEMORY.get(JAVA_LONG, out);
        long bytes = Integer.BYTES * elements + textBytes;
        if (bytes > Integer.MAX_VALUE || Long.BYTES * elements > Integer.MAX_VALUE) {
            throw tooLarge(name, bytes);
        }
        Memory block = take(pool, bytes);
        boolean filled = false;
        try (Memory offsets = take(pool, Long.BYTES * elements)) {
            if (elements > 0) {
                fill(value, block.bytes(), offsets.bytes(), (int) elements, (int) textBytes);
            }
            filled = true;
            return block;
        } finally {
            if (!filled) {
                block.close();
            }
        }
    }

    static FailureException tooLarge(String name, long bytes) {
        return new FailureException(
                new Failure.PayloadTooLarge(
                        "output '"
                                + name
                                + "' has "
                                + bytes
                                + " bytes, must be at most "
                                + Integer.MAX_VALUE,
                        "ask for other outputs, or send less at a time"));
    }

    private static void fill(
            long value, ByteBuffer block, ByteBuffer offsets, int elements, int textBytes)
            throws NativeError {
        int textAt = Integer.BYTES * elements;
        OrtLibrary.check(
                RunApi.getStringTensorContent(
                        value,
                        MemorySegment.ofBuffer(block).address() + textAt,
                        textBytes,
                        MemorySegment.ofBuffer(offsets).address(),
                        elements));
        int to = 0;
        for (int i = 0; i < elements; i++) {
            int from = (int) offsets.getLong(Long.BYTES * i);
            int end = i + 1 < elements ? (int) offsets.getLong(Long.BYTES * (i + 1)) : textBytes;
            int length = end - from;
            block.putInt(to, length);
            to += Integer.BYTES;
            block.put(to, block, textAt + from, length);
            to += length;
        }
    }

    private static Memory take(TensorPool pool, long bytes) {
        Memory memory = pool.take((int) bytes);
        if (memory == null) {
            throw new FailureException(new Failure.MemoryFull());
        }
        return memory;
    }
}
