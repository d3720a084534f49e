package dev.penstock.engine.ort;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.inference.InputSizes;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Strings by way of Java strings. The API hands them over in Java's modified UTF-8, which differs
 * from UTF-8 in the zero character and beyond the basic plane; such inputs, and bytes that are not
 * text, are refused, because the model would see others.
 */
final class OnnxStrings {
    private OnnxStrings() {}

    /** The elements of an input, checked. */
    static String[] of(Tensor tensor) {
        int count = (int) InputSizes.elements(tensor.name(), tensor.type(), tensor.shape());
        InputSizes.checkStrings(
                tensor.name(), null, tensor.data(), 0, tensor.byteSize(), count, Integer.MAX_VALUE);
        String[] elements = new String[count];
        ByteBuffer data = tensor.data();
        int at = 0;
        for (int i = 0; i < elements.length; i++) {
            int length = data.getInt(at);
            at += Integer.BYTES;
            elements[i] = text(data.slice(at, length), tensor.name());
            at += length;
        }
        return elements;
    }

    /** The elements of an output as UTF-8. */
    static List<byte[]> read(OnnxTensor tensor, Shape shape) throws OrtException {
        List<byte[]> elements = new ArrayList<>();
        if (shape.elements() > 0) {
            flatten(tensor.getValue(), elements);
        }
        return elements;
    }

    static long wireBytes(List<byte[]> elements) {
        long bytes = 0;
        for (byte[] element : elements) {
            bytes += Integer.BYTES + element.length;
        }
        return bytes;
    }

    static void write(List<byte[]> elements, ByteBuffer block) {
        int at = 0;
        for (byte[] element : elements) {
            block.putInt(at, element.length).put(at + Integer.BYTES, element);
            at += Integer.BYTES + element.length;
        }
    }

    /** The API shapes its answer into arrays of arrays; row-major order is their order. */
    private static void flatten(Object value, List<byte[]> elements) {
        if (value instanceof Object[] array) {
            for (Object part : array) {
                flatten(part, elements);
            }
        } else {
            elements.add(((String) value).getBytes(StandardCharsets.UTF_8));
        }
    }

    private static String text(ByteBuffer bytes, String input) {
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException e) {
            throw refused(input, "bytes that are not UTF-8");
        }
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) == 0 || Character.isSurrogate(text.charAt(i))) {
                throw refused(input, "a zero character or one beyond the basic plane");
            }
        }
        return text;
    }

    private static FailureException refused(String input, String what) {
        return new FailureException(
                new Failure.InvalidInput(
                        "INPUT_BYTES",
                        "input '" + input + "' has " + what + ", which engine ort cannot carry"));
    }
}
