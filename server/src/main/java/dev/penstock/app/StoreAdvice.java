package dev.penstock.app;

import dev.penstock.control.VersionView;
import dev.penstock.repository.StoreScan;
import dev.penstock.repository.StoredModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Tells an operator of a store, or of settings, that are probably not what was meant. */
final class StoreAdvice {
    private static final String LAYOUT = "a store holds NAME/VERSION/model.onnx";

    private StoreAdvice() {}

    static List<String> of(StoreScan scan, GatewayConfig config) {
        return of(
                scan,
                config.models().dir(),
                config.runtime().execution().keySet(),
                config.models().name());
    }

    /**
     * @param root of the store
     * @param named models that settings are for
     * @param rootName that the operator gave to a model in the root itself; null when none was
     *     given
     */
    static List<String> of(
            StoreScan scan, Path root, Set<String> named, @Nullable String rootName) {
        List<String> advice = new ArrayList<>();
        boolean hasVersions = false;
        for (StoredModel model : scan.models().values()) {
            hasVersions |= !model.versions().isEmpty() || !model.isReadable();
            if (!model.versions().isEmpty() && isNumber(model.name())) {
                advice.add(
                        "a model is named "
                                + model.name()
                                + ": is "
                                + root
                                + " one level too deep? "
                                + LAYOUT);
            }
        }
        if (!hasVersions) {
            advice.add("no models in " + root + ": " + LAYOUT);
        }
        for (String name : new TreeSet<>(named)) {
            if (!scan.models().containsKey(name)) {
                advice.add("--execution is set for " + name + ", which is not in the store");
            }
        }
        if (rootName != null && !Files.exists(root.resolve("model.onnx"))) {
            advice.add(
                    "--model-name "
                            + rootName
                            + " names nothing: there is no model.onnx in "
                            + root);
        }
        return advice;
    }

    private static boolean isNumber(String name) {
        return name.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    /** A line for each version that holds the start up. */
    static List<String> waitingFor(List<VersionView> versions) {
        List<String> lines = new ArrayList<>();
        for (VersionView version : versions) {
            if (version.state().equals("waiting") || version.state().equals("loading")) {
                lines.add(
                        "waiting for "
                                + version.model()
                                + "/"
                                + version.version()
                                + ", which is "
                                + version.state()
                                + (version.reason() == null ? "" : ": " + version.reason()));
            }
        }
        return lines;
    }
}
