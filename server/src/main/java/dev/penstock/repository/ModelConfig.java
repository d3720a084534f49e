package dev.penstock.repository;

import static dev.penstock.runtime.Check.require;

import dev.penstock.inference.VersionId;
import dev.penstock.repository.ProtoText.Field;
import dev.penstock.repository.ProtoText.Message;
import dev.penstock.repository.ProtoText.Quoted;
import dev.penstock.repository.ProtoText.Word;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What a model's {@code config.pbtxt} says, as far as it is followed.
 *
 * @param maxBatchSize most rows along axis 0; 0 when the model sets no limit
 * @param policy which versions are wanted; null leaves that to the server
 * @param modelFilename of the model inside a version's folder
 * @param ignoredFields names of fields that were read and have no effect, sorted
 */
public record ModelConfig(
        int maxBatchSize,
        @Nullable VersionPolicy policy,
        String modelFilename,
        List<String> ignoredFields) {
    static final String NAME = "config.pbtxt";
    static final int MAX_BYTES = 64 * 1024;
    static final String DEFAULT_MODEL_FILENAME = "model.onnx";

    /** What holds without a file. */
    public static final ModelConfig DEFAULT =
            new ModelConfig(0, null, DEFAULT_MODEL_FILENAME, List.of());

    private static final int MAX_FILENAME_CHARS = 255;

    public ModelConfig {
        ignoredFields = List.copyOf(ignoredFields);
    }

    /**
     * Reads a configuration.
     *
     * @param model the folder's name, which the configuration may repeat but not change
     * @throws IllegalArgumentException with what is wrong
     */
    static ModelConfig read(String text, String model) {
        return new Reader(model).read(ProtoText.read(text));
    }

    private static final class Reader {
        private final String model;
        private final Set<String> seen = new HashSet<>();
        private final SortedSet<String> ignored = new TreeSet<>();
        private int maxBatchSize;
        private @Nullable VersionPolicy policy;
        private String modelFilename = DEFAULT_MODEL_FILENAME;

        Reader(String model) {
            this.model = model;
        }

        ModelConfig read(Message message) {
            for (Field field : message.fields()) {
                take(field);
            }
            return new ModelConfig(maxBatchSize, policy, modelFilename, new ArrayList<>(ignored));
        }

        private void take(Field field) {
            switch (field.name()) {
                case "name" -> {
                    String name = string(once(field));
                    require(
                            name.isEmpty() || name.equals(model),
                            "name is %s, must be the folder's: %s",
                            OutsideText.printable(name),
                            model);
                }
                case "backend", "platform" -> checkRuntime(field.name(), string(once(field)));
                case "max_batch_size" ->
                        maxBatchSize = (int) number(once(field), Integer.MAX_VALUE);
                case "default_model_filename" -> {
                    String name = string(once(field));
                    require(
                            isFilename(name),
                            "default_model_filename is %s, must be a plain file name",
                            OutsideText.printable(name));
                    modelFilename = name;
                }
                case "version_policy" -> policy = policy(message(once(field)));
                default -> ignored.add(field.name());
            }
        }

        private Field once(Field field) {
            require(seen.add(field.name()), "%s is given twice", field.name());
            return field;
        }

        private static void checkRuntime(String field, String name) {
            require(
                    name.isEmpty() || name.equals("onnxruntime") || name.equals("onnxruntime_onnx"),
                    "%s is %s, only onnxruntime is supported",
                    field,
                    OutsideText.printable(name));
        }

        private @Nullable VersionPolicy policy(Message message) {
            VersionPolicy chosen = null;
            for (Field field : message.fields()) {
                VersionPolicy one =
                        switch (field.name()) {
                            case "latest" -> latest(message(field));
                            case "all" -> {
                                ignoreAll("version_policy.all.", message(field));
                                yield new VersionPolicy.All();
                            }
                            case "specific" -> specific(message(field));
                            default -> null;
                        };
                if (one == null) {
                    ignored.add("version_policy." + field.name());
                } else {
                    require(chosen == null, "version_policy names more than one policy");
                    chosen = one;
                }
            }
            return chosen;
        }

        private VersionPolicy latest(Message message) {
            long count = 1;
            for (Field field : message.fields()) {
                if (field.name().equals("num_versions")) {
                    count = number(field, Integer.MAX_VALUE);
                    require(count >= 1, "num_versions is %d, must be at least 1", count);
                } else {
                    ignored.add("version_policy.latest." + field.name());
                }
            }
            return new VersionPolicy.Latest((int) count);
        }

        private VersionPolicy specific(Message message) {
            SortedSet<Long> versions = new TreeSet<>();
            for (Field field : message.fields()) {
                if (field.name().equals("versions")) {
                    long version =
                            field.value() instanceof Word word
                                    ? VersionId.parseNumber(word.text())
                                    : 0;
                    require(version > 0, "versions of version_policy holds what is no version");
                    versions.add(version);
                } else {
                    ignored.add("version_policy.specific." + field.name());
                }
            }
            require(!versions.isEmpty(), "version_policy is specific but names no version");
            return new VersionPolicy.Specific(versions);
        }

        private void ignoreAll(String prefix, Message message) {
            for (Field field : message.fields()) {
                ignored.add(prefix + field.name());
            }
        }

        private static Message message(Field field) {
            if (field.value() instanceof Message message) {
                return message;
            }
            throw new IllegalArgumentException(field.name() + " must be a message in braces");
        }

        private static String string(Field field) {
            if (field.value() instanceof Quoted quoted) {
                return quoted.text();
            }
            throw new IllegalArgumentException(field.name() + " must be a string in quotes");
        }

        private static long number(Field field, long most) {
            if (field.value() instanceof Word word) {
                if (word.text().equals("0")) {
                    return 0;
                }
                long number = VersionId.parseNumber(word.text());
                if (number > 0 && number <= most) {
                    return number;
                }
            }
            throw new IllegalArgumentException(
                    field.name() + " must be a whole number from 0 to " + most);
        }

        private static boolean isFilename(String name) {
            if (name.isEmpty() || name.length() > MAX_FILENAME_CHARS || name.startsWith(".")) {
                return false;
            }
            for (int i = 0; i < name.length(); i++) {
                char c = name.charAt(i);
                if (c < ' ' || c == '/' || c == '\\' || c == 0x7f) {
                    return false;
                }
            }
            return true;
        }
    }
}
