package dev.penstock.engine;

import static dev.penstock.runtime.Check.require;

import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;

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

    /**
     * Virtual memory; only what is touched becomes real. The runtime searches the process's command
     * line by a regular expression that recurses once for every few characters of it: a command
     * line of 6 KB, such as a long class path, overflows the 1 MiB stack of an ordinary thread and
     * ends the process.
     */
    private static final long DEEP_STACK_BYTES = 256L << 20;

    private NativeRuntime() {}

    /**
     * Makes an engine on a thread whose stack holds what the runtime's first call needs.
     *
     * @param <E> the engine's type
     */
    public static <E extends Engine> E start(Supplier<E> engine) {
        FutureTask<E> task = new FutureTask<>(engine::get);
        Thread starter = new Thread(null, task, "engine-start", DEEP_STACK_BYTES);
        starter.start();
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return task.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    if (e.getCause() instanceof RuntimeException cause) {
                        throw cause;
                    }
                    throw new IllegalStateException(e.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /**
     * Refuses a runtime that is too old, and an environment that lets models choose options.
     *
     * @param version of the runtime, such as {@code 1.29.0}
     * @param environment the variables of the process
     * @throws IllegalArgumentException with a sentence for the operator
     */
    public static void check(String version, Map<String, String> environment) {
        require(
                Arrays.compare(numbers(version), numbers(OLDEST)) >= 0,
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

    /** The numbers of a version, without what follows a dash or a plus. */
    private static int[] numbers(String version) {
        String[] parts = version.split("[-+]", 2)[0].split("\\.", -1);
        int[] numbers = new int[parts.length];
        for (int i = 0; i < parts.length; i++) {
            numbers[i] = Integer.parseInt(parts[i]);
        }
        return numbers;
    }
}
