package dev.penstock.tensor;

import java.nio.ByteBuffer;

/**
 * One named tensor, row-major, little-endian. It does not own its memory: the {@link TensorSet} it
 * stands in does.
 *
 * @param shape no dimension negative
 * @param data direct memory, little-endian order, position 0, limit = bytes of all elements; for
 *     {@link DataType#BYTES} the length-prefixed elements end to end
 */
public record Tensor(String name, DataType type, Shape shape, ByteBuffer data) {
    /** Bytes of all elements. */
    public int byteSize() {
        return data.limit();
    }
}
