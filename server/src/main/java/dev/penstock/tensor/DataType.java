package dev.penstock.tensor;

import org.jspecify.annotations.Nullable;

/**
 * The element types of the Open Inference Protocol. All are little-endian; {@link #BYTES} elements
 * are a four-byte unsigned length followed by that many bytes.
 */
public enum DataType {
    BOOL(1),
    UINT8(1),
    UINT16(2),
    UINT32(4),
    UINT64(8),
    INT8(1),
    INT16(2),
    INT32(4),
    INT64(8),
    FP16(2),
    BF16(2),
    FP32(4),
    FP64(8),
    BYTES(0);

    private static final DataType[] ALL = values();

    private final int bytes;

    DataType(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes of one element; 0 for {@link #BYTES}, whose elements vary. */
    public int bytes() {
        return bytes;
    }

    /** False for {@link #BYTES} alone. */
    public boolean isFixedSize() {
        return bytes != 0;
    }

    /** Whether JSON can carry its elements: all but the two 16-bit floats. */
    public boolean fitsJson() {
        return this != FP16 && this != BF16;
    }

    /** The type with the protocol's name, or null. Case counts. */
    public static @Nullable DataType of(String name) {
        for (DataType type : ALL) {
            if (type.name().equals(name)) {
                return type;
            }
        }
        return null;
    }
}
