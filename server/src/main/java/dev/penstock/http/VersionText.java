package dev.penstock.http;

import dev.penstock.inference.VersionInfo;
import dev.penstock.runtime.TextBuffer;
import dev.penstock.tensor.TensorSpec;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What every answer of a version says alike, rendered once. Its arrays are not to be written to.
 */
final class VersionText {
    private final VersionInfo version;
    private final byte[] modelHeader;
    private final byte[] jsonNames;
    private final byte[][] outputs;

    private VersionText(
            VersionInfo version, byte[] modelHeader, byte[] jsonNames, byte[][] outputs) {
        this.version = version;
        this.modelHeader = modelHeader;
        this.jsonNames = jsonNames;
        this.outputs = outputs;
    }

    VersionInfo version() {
        return version;
    }

    /** The header line that names the version and its bytes. */
    byte[] modelHeader() {
        return modelHeader;
    }

    /** The members of the JSON that name it, up to the bracket that opens the outputs. */
    byte[] jsonNames() {
        return jsonNames;
    }

    /** Each declared output up to the bracket that opens its shape. */
    byte[][] outputs() {
        return outputs;
    }

    /** Keeps the texts of the versions that answered last. One for each event loop. */
    static final class Cache {
        private static final int KEPT = 64;

        private final @Nullable VersionText[] kept = new @Nullable VersionText[KEPT];

        // A version has one object for life, and comparing two by value is dear.
        @SuppressWarnings("ReferenceEquality")
        VersionText of(VersionInfo version) {
            int slot = System.identityHashCode(version) & (KEPT - 1);
            VersionText known = kept[slot];
            if (known == null || known.version != version) {
                known = render(version);
                kept[slot] = known;
            }
            return known;
        }
    }

    private static VersionText render(VersionInfo version) {
        TextBuffer text = new TextBuffer();
        text.ascii("penstock-model: ");
        text.ascii(version.id().toString());
        text.ascii("; digest=");
        text.ascii(version.shortDigest());
        text.ascii("\r\n");
        byte[] header = text.toArray();
        text.clear();
        text.ascii("\"model_name\":");
        text.jsonString(version.id().model());
        text.ascii(",\"model_version\":\"");
        text.number(version.id().number());
        text.ascii("\",\"outputs\":[");
        byte[] names = text.toArray();
        List<TensorSpec> specs = version.signature().outputs();
        byte[][] outputs = new byte[specs.size()][];
        for (int i = 0; i < outputs.length; i++) {
            text.clear();
            putOutput(text, specs.get(i).name(), specs.get(i).type().name());
            outputs[i] = text.toArray();
        }
        return new VersionText(version, header, names, outputs);
    }

    static void putOutput(TextBuffer text, String name, String type) {
        text.ascii("{\"name\":");
        text.jsonString(name);
        text.ascii(",\"datatype\":\"");
        text.ascii(type);
        text.ascii("\",\"shape\":[");
    }
}
