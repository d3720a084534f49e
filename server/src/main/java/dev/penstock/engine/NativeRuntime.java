package dev.penstock.engine;

import static dev.penstock.runtime.Check.require;

import java.util.Map;

/** What this server asks of ONNX Runtime and of its surroundings before it opens a model. */
public final class NativeRuntime {
    /** Names the folder of the native libraries; the runtime's own Java loader reads it too. */
    public static final String PATH_PROPERTY = "onnxruntime.native.path";

    /** Older releases have known holes in the reading of models. */
    private static final String OLDEST = "1.28.1";

    /**
     * Lets a model bring session options of its own, such as files to write. No session option can
     * forbid it, and a Java process cannot take a variable out of its own environment.
     */
    private static final String MODEL_OPTIONS_VARIABLE = "ORT_LOAD_CONFIG_FROM_MODEL";

    private NativeRuntime() {}

    /**
     * Refuses a runtime that is too old, and an environment that lets models choose options.
     *
     * @param version of the runtime, such as {@code 1.29.0}
     * @param environment the variables of the process
     * @throws IllegalArgumentException with a sentence for the operator
     */
    public static void check(String version, Map<String, String> environment) {
        require(
                Runtime.Version.parse(trimmed(version))
                                .compareTo(Runtime.Version.parse(trimmed(OLDEST)))
                        >= 0,
                "native runtime is version %s, must be at least %s",
                version,
                OLDEST);
        String value = environment.getOrDefault(MODEL_OPTIONS_VARIABLE, "");
        require(
                !value.equals("1"),
                "%s is %s, must be unset: it lets a model choose options of the runtime",
                MODEL_OPTIONS_VARIABLE,
                value);
    }

    /** A version of Java's grammar, which allows no zero at the end. */
    private static String trimmed(String version) {
        int end = version.length();
        while (end > 2 && version.startsWith(".0", end - 2)) {
            end -= 2;
        }
        return version.substring(0, end);
    }
}
