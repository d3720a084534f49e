package dev.penstock.http;

import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the JSON of a prediction says. Where it holds no tensor data itself, it is the same for
 * every request with the same bytes and may be kept.
 */
final class ParsedHeader {
    /** {@code timeout} when there was none. */
    static final long NO_TIMEOUT = -1;

    /**
     * One input.
     *
     * @param binaryBytes its size behind the JSON; {@link #IN_JSON} when the JSON held its data
     * @param data what the JSON held, else null
     */
    record Input(
            String name, DataType type, Shape shape, int binaryBytes, @Nullable ByteBuffer data) {
        static final int IN_JSON = -1;
    }

    final List<Input> inputs = new ArrayList<>(4);
    List<String> outputs = List.of();
    ReplyForm form = ReplyForm.JSON;
    @Nullable String id;
    Map<String, String> parameters = Map.of();
    long timeoutMicros = NO_TIMEOUT;
    boolean isKeepable = true;
}
