package dev.penstock.lineage;

import static java.util.Objects.requireNonNull;

import dev.penstock.lineage.Redaction.InputRules;
import dev.penstock.lineage.RedactionRule.With;
import dev.penstock.runtime.TextBuffer;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * What rules leave of a tensor's values: a copy, in which those of dropped and hashed columns are
 * zero or empty, and the text that says what was done. One tensor after the other, one thread.
 *
 * <p>The text is a list with an object for each rule that was followed: {@code col}, unless it is
 * for all of the tensor; {@code with}; for a hash, {@code hmac}, which has one of each value if
 * there are at most 16, else one over all. A hash is over the input's name, a zero byte, and the
 * values as they lie in the tensor, so that equal values of two inputs look different.
 */
final class RedactedValues {
    private static final int MAX_SINGLE_HASHES = 16;
    private static final byte[] ZERO = {0};
    private static final double[] POWERS = {
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15
    };

    private final Digests digests;
    private @Nullable ByteBuffer values;
    private boolean[] hidden = new boolean[0];
    private int columns;

    RedactedValues(Digests digests) {
        this.digests = digests;
    }

    /** The copy; null when nothing of the values stays. */
    @Nullable ByteBuffer values() {
        return values;
    }

    /** Whether a value is not in the copy; by its index among all. */
    boolean isHidden(int element) {
        return columns > 0 && hidden[element % columns];
    }

    /**
     * Follows the rules.
     *
     * @param hasHashes whether keyed hashes may be told
     * @param red takes the list
     */
    void apply(Tensor tensor, InputRules rules, boolean hasHashes, TextBuffer red) {
        values = null;
        columns = 0;
        Shape shape = tensor.shape();
        red.put('[');
        if (rules.columns().isEmpty()) {
            whole(tensor, requireNonNull(rules.whole()), hasHashes, red);
        } else if (shape.rank() != 2 || shape.dim(1) > Integer.MAX_VALUE) {
            // There is no telling which values the rules mean.
            putRule(-1, "drop", red);
            red.put('}');
        } else {
            byColumn(tensor, rules, hasHashes, red);
        }
        red.put(']');
    }

    private void whole(Tensor tensor, RedactionRule rule, boolean hasHashes, TextBuffer red) {
        With with = with(rule, tensor.type());
        putRule(-1, text(rule, with), red);
        if (with == With.ROUND) {
            ByteBuffer copy = copy(tensor.data());
            int elements = (int) tensor.shape().elements();
            for (int i = 0; i < elements; i++) {
                round(copy, tensor.type(), i, rule.digits());
            }
            values = copy;
        } else if (with == With.HMAC && hasHashes) {
            putHashes(tensor, 0, 1, (int) tensor.shape().elements(), red);
        }
        red.put('}');
    }

    private void byColumn(Tensor tensor, InputRules rules, boolean hasHashes, TextBuffer red) {
        columns = (int) tensor.shape().dim(1);
        if (hidden.length < columns) {
            hidden = new boolean[columns];
        }
        int rows = (int) tensor.shape().dim(0);
        int told = 0;
        ByteBuffer copy = copy(tensor.data());
        for (int column = 0; column < columns; column++) {
            RedactionRule rule = rules.column(column);
            hidden[column] = false;
            if (rule == null) {
                continue;
            }
            With with = with(rule, tensor.type());
            if (told++ > 0) {
                red.put(',');
            }
            putRule(column, text(rule, with), red);
            hidden[column] = with != With.ROUND;
            if (with == With.HMAC && hasHashes) {
                putHashes(tensor, column, columns, rows, red);
            }
            red.put('}');
            for (int row = 0; row < rows && with == With.ROUND; row++) {
                round(copy, tensor.type(), row * columns + column, rule.digits());
            }
        }
        values = anyHidden() ? blank(copy, tensor.type(), rows) : copy;
    }

    private boolean anyHidden() {
        for (int i = 0; i < columns; i++) {
            if (hidden[i]) {
                return true;
            }
        }
        return false;
    }

    private static With with(RedactionRule rule, DataType type) {
        // Text has no digits to lose.
        return rule.with() == With.ROUND && type == DataType.BYTES ? With.DROP : rule.with();
    }

    private static String text(RedactionRule rule, With with) {
        return with == rule.with() ? rule.text() : "drop";
    }

    private static void putRule(int column, String with, TextBuffer red) {
        red.put('{');
        if (column >= 0) {
            red.ascii("\"col\":");
            red.number(column);
            red.put(',');
        }
        red.ascii("\"with\":\"");
        red.ascii(with);
        red.put('"');
    }

    private void putHashes(Tensor tensor, int first, int step, int count, TextBuffer red) {
        red.ascii(",\"hmac\":[");
        boolean isSingle = count <= MAX_SINGLE_HASHES;
        if (!isSingle) {
            beginHash(tensor);
        }
        Elements elements = new Elements(tensor.type(), tensor.data());
        for (int i = 0, next = 0; i < count; i++, next++) {
            for (; next < first + i * step; next++) {
                elements.skip();
            }
            elements.skip();
            if (isSingle) {
                beginHash(tensor);
            }
            digests.add(tensor.data().slice(elements.from, elements.length));
            if (isSingle) {
                if (i > 0) {
                    red.put(',');
                }
                digests.putShortQuoted(red);
            }
        }
        if (!isSingle) {
            digests.putShortQuoted(red);
        }
        red.put(']');
    }

    private void beginHash(Tensor tensor) {
        digests.begin(true);
        digests.add(tensor.name());
        digests.add(ZERO, 0, 1);
    }

    private static ByteBuffer copy(ByteBuffer data) {
        byte[] bytes = new byte[data.limit()];
        data.get(0, bytes);
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The values with zero, or nothing, for those of hidden columns. */
    private ByteBuffer blank(ByteBuffer copy, DataType type, int rows) {
        Elements elements = new Elements(type, copy);
        ByteBuffer blanked = ByteBuffer.allocate(copy.limit()).order(ByteOrder.LITTLE_ENDIAN);
        int count = rows * columns;
        for (int i = 0; i < count; i++) {
            elements.skip();
            boolean isText = type == DataType.BYTES;
            int length = elements.length;
            if (isText) {
                length = isHidden(i) ? 0 : length;
                blanked.putInt(length);
            }
            if (isHidden(i)) {
                blanked.position(blanked.position() + length);
            } else {
                blanked.put(blanked.position(), copy, elements.from, length);
                blanked.position(blanked.position() + length);
            }
        }
        return blanked.flip().slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Goes over the elements of a tensor, of which those of text have each their length. */
    private static final class Elements {
        private final DataType type;
        private final ByteBuffer data;
        private int next;
        int from;
        int length;

        Elements(DataType type, ByteBuffer data) {
            this.type = type;
            this.data = data;
        }

        /** Goes to the next element. */
        void skip() {
            boolean isText = type == DataType.BYTES;
            length = isText ? data.getInt(next) : type.bytes();
            from = isText ? next + Integer.BYTES : next;
            next = from + length;
        }
    }

    private static void round(ByteBuffer values, DataType type, int index, int digits) {
        int at = index * type.bytes();
        switch (type) {
            case FP32 -> values.putFloat(at, (float) rounded(values.getFloat(at), digits));
            case FP64 -> values.putDouble(at, rounded(values.getDouble(at), digits));
            case FP16 -> {
                double value = Float.float16ToFloat(values.getShort(at));
                values.putShort(at, Float.floatToFloat16((float) rounded(value, digits)));
            }
            case BF16 -> {
                float value = Float.intBitsToFloat(values.getShort(at) << 16);
                values.putShort(at, bf16((float) rounded(value, digits)));
            }
            default -> {
                // Whole numbers have no digits after the point.
            }
        }
    }

    // To nearest, ties to even; what is not finite was not rounded and fits as it is.
    private static short bf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (!Float.isFinite(value)) {
            return (short) (bits >>> 16);
        }
        return (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
    }

    /**
     * The nearest with so many digits. A number so large that doubles have no more digits there
     * stays as it is.
     */
    static double rounded(double value, int digits) {
        double scale = POWERS[digits];
        double scaled = value * scale;
        if (!(Math.abs(scaled) < 1L << 52)) {
            return value;
        }
        return Math.rint(scaled) / scale;
    }
}
