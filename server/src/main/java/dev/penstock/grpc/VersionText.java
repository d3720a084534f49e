package dev.penstock.grpc;

import dev.penstock.inference.VersionInfo;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorSpec;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What every answer of one version says alike, rendered once. Immutable but for the route's text,
 * which is made again when the route changed; any thread.
 */
final class VersionText {
    private final List<TensorSpec> outputs;
    private final byte[][] outputHeads;
    private final String model;
    private final byte[] head;

    VersionText(VersionInfo version) {
        String number = Long.toString(version.id().number());
        this.outputs = version.signature().outputs();
        this.model = version.id() + "; digest=" + version.shortDigest();
        this.head = fields(version.id().model(), number);
        this.outputHeads = new byte[outputs.size()][];
        for (int i = 0; i < outputHeads.length; i++) {
            outputHeads[i] = fields(outputs.get(i).name(), outputs.get(i).type().name());
        }
    }

    /** {@code NAME/VERSION; digest=} and 16 hex digits. */
    String model() {
        return model;
    }

    /** The fields model_name and model_version of an answer. */
    byte[] head() {
        return head;
    }

    /** The fields name and datatype of an output. */
    byte[] outputHead(Tensor output) {
        for (int i = 0; i < outputHeads.length; i++) {
            TensorSpec spec = outputs.get(i);
            if (spec.type() == output.type() && spec.name().equals(output.name())) {
                return outputHeads[i];
            }
        }
        return fields(output.name(), output.type().name());
    }

    // In each of these messages the two texts are fields 1 and 2.
    private static byte[] fields(String first, String second) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        write(bytes, 1, first);
        write(bytes, 2, second);
        return bytes.toByteArray();
    }

    private static void write(ByteArrayOutputStream bytes, int field, String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        bytes.write(WireCursor.tag(field, WireCursor.LENGTH));
        int length = utf8.length;
        while (length > 0x7f) {
            bytes.write((length & 0x7f) | 0x80);
            length >>>= 7;
        }
        bytes.write(length);
        bytes.writeBytes(utf8);
    }
}
