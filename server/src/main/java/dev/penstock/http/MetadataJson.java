package dev.penstock.http;

import dev.penstock.inference.ModelRef;
import dev.penstock.inference.ServerInfo;
import dev.penstock.inference.VersionInfo;
import dev.penstock.runtime.TextBuffer;
import dev.penstock.serving.InferenceService;
import dev.penstock.serving.ServedModel;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.TensorSpec;
import java.util.List;

/** Writes what the server says of itself and of its models. */
final class MetadataJson {
    private MetadataJson() {}

    static void putServer(TextBuffer text, ServerInfo info) {
        text.ascii("{\"name\":");
        text.jsonString(info.name());
        text.ascii(",\"version\":");
        text.jsonString(info.version());
        text.ascii(",\"extensions\":[");
        for (int i = 0; i < info.extensions().size(); i++) {
            if (i > 0) {
                text.put(',');
            }
            text.jsonString(info.extensions().get(i));
        }
        text.ascii("]}");
    }

    static void putFlag(TextBuffer text, String name, boolean value) {
        text.put('{');
        text.jsonString(name);
        text.ascii(value ? ":true}" : ":false}");
    }

    static void putReady(TextBuffer text, VersionInfo version) {
        text.ascii("{\"name\":");
        text.jsonString(version.id().model());
        text.ascii(",\"version\":\"");
        text.number(version.id().number());
        text.ascii("\",\"ready\":true}");
    }

    static void putModel(
            TextBuffer text, InferenceService service, ModelRef ref, VersionInfo version) {
        text.ascii("{\"name\":");
        text.jsonString(version.id().model());
        text.ascii(",\"versions\":[");
        ServedModel model = service.table().models().get(ref.name());
        if (ref.isPinned() || model == null) {
            putVersion(text, version.id().number());
        } else {
            boolean isFirst = true;
            for (long number : model.versions().keySet()) {
                if (!isFirst) {
                    text.put(',');
                }
                isFirst = false;
                putVersion(text, number);
            }
        }
        text.ascii("],\"platform\":");
        text.jsonString(version.platform());
        text.ascii(",\"inputs\":");
        putSpecs(text, version.signature().inputs());
        text.ascii(",\"outputs\":");
        putSpecs(text, version.signature().outputs());
        text.put('}');
    }

    private static void putVersion(TextBuffer text, long number) {
        text.put('"');
        text.number(number);
        text.put('"');
    }

    private static void putSpecs(TextBuffer text, List<TensorSpec> specs) {
        text.put('[');
        for (int i = 0; i < specs.size(); i++) {
            TensorSpec spec = specs.get(i);
            if (i > 0) {
                text.put(',');
            }
            VersionText.putOutput(text, spec.name(), spec.type().name());
            Shape shape = spec.shape();
            for (int axis = 0; axis < shape.rank(); axis++) {
                if (axis > 0) {
                    text.put(',');
                }
                text.number(shape.dim(axis));
            }
            text.ascii("]}");
        }
        text.put(']');
    }
}
