package dev.penstock.repository;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class ModelConfigTest {
    private static ModelConfig read(String text) {
        return ModelConfig.read(text, "penguins");
    }

    @Test
    void anEmptyTextIsTheDefault() {
        assertEquals(ModelConfig.DEFAULT, read(""));
        assertEquals(ModelConfig.DEFAULT, read("# nothing\n"));
    }

    @Test
    void readsTheFieldsThatAreFollowed() {
        ModelConfig config =
                read(
                        """
                        name: "penguins"   # the folder's
                        platform: 'onnxruntime_onnx'
                        backend: "onnx" "runtime"
                        max_batch_size: 8;
                        default_model_filename: "net\\x2eonnx",
                        version_policy: { specific: { versions: [1, 3] versions: 7 } }
                        """);
        assertEquals(8, config.maxBatchSize());
        assertEquals("net.onnx", config.modelFilename());
        assertEquals(
                new VersionPolicy.Specific(new TreeSet<>(List.of(1L, 3L, 7L))), config.policy());
        assertEquals(List.of(), config.ignoredFields());
    }

    @Test
    void readsEachVersionPolicy() {
        assertEquals(new VersionPolicy.All(), read("version_policy { all { } }").policy());
        assertEquals(
                new VersionPolicy.Latest(3),
                read("version_policy < latest < num_versions: 3 > >").policy());
        assertEquals(new VersionPolicy.Latest(1), read("version_policy{latest{}}").policy());
        assertEquals(null, read("version_policy { }").policy());
    }

    @Test
    void namesOnceWhatHasNoEffect() {
        ModelConfig config =
                read(
                        """
                        input [ { name: "x" data_type: TYPE_FP32 dims: [ -1, 4 ] } ]
                        input { name: "z" }
                        dynamic_batching { max_queue_delay_microseconds: 100 }
                        instance_group [ { count: 2 kind: KIND_CPU } ]
                        parameters { key: "a" value: { string_value: "b" } }
                        version_policy { latest { num_versions: 1 order: 3 } }
                        optimization: { graph: { level: 1.5e3 } }
                        """);
        assertEquals(
                List.of(
                        "dynamic_batching",
                        "input",
                        "instance_group",
                        "optimization",
                        "parameters",
                        "version_policy.latest.order"),
                config.ignoredFields());
    }

    static Stream<Arguments> hostile() {
        return Stream.of(
                Arguments.of("another model's name", "name: \"other\""),
                Arguments.of("a name that climbs", "name: \"../penguins\""),
                Arguments.of("another platform", "platform: \"tensorflow_savedmodel\""),
                Arguments.of("another backend", "backend: \"python\""),
                Arguments.of("a field twice", "max_batch_size: 1 max_batch_size: 2"),
                Arguments.of("a negative batch", "max_batch_size: -1"),
                Arguments.of("a batch that is too large", "max_batch_size: 2147483648"),
                Arguments.of("a batch of 30 digits", "max_batch_size: " + "9".repeat(30)),
                Arguments.of("a batch in quotes", "max_batch_size: \"4\""),
                Arguments.of("a batch that is a message", "max_batch_size { }"),
                Arguments.of("a fraction of a batch", "max_batch_size: 1.5"),
                Arguments.of("a file elsewhere", "default_model_filename: \"../x.onnx\""),
                Arguments.of("an absolute file", "default_model_filename: \"/etc/passwd\""),
                Arguments.of("a hidden file", "default_model_filename: \".x.onnx\""),
                Arguments.of("a file with a NUL", "default_model_filename: \"a\\000b\""),
                Arguments.of("a file without a name", "default_model_filename: \"\""),
                Arguments.of("a file in escapes", "default_model_filename: \"..\\x2fx\""),
                Arguments.of("no versions", "version_policy { specific { } }"),
                Arguments.of("version 0", "version_policy { specific { versions: 0 } }"),
                Arguments.of("version -1", "version_policy { specific { versions: -1 } }"),
                Arguments.of("latest 0", "version_policy { latest { num_versions: 0 } }"),
                Arguments.of("two policies", "version_policy { all { } latest { } }"),
                Arguments.of("a policy that is a word", "version_policy: all"),
                Arguments.of("a message that does not end", "version_policy { all {"),
                Arguments.of("a brace too many", "max_batch_size: 1 }"),
                Arguments.of("braces that differ", "version_policy { all { > }"),
                Arguments.of("a string that does not end", "name: \"penguins"),
                Arguments.of("a string over lines", "name: \"pen\nguins\""),
                Arguments.of("a backslash at the end", "name: \"\\"),
                Arguments.of("an escape without digits", "name: \"\\x\""),
                Arguments.of("an unknown escape", "name: \"\\q\""),
                Arguments.of("a list that does not end", "input [ { }"),
                Arguments.of("a list without commas", "x: [ 1 2 ]"),
                Arguments.of("a field without a value", "name:"),
                Arguments.of("a name alone", "name"),
                Arguments.of("an extension", "[a.b] { }"),
                Arguments.of("bytes that are no text", "\u0000\u0001\ufffd"),
                Arguments.of("17 levels", "a {".repeat(17) + "}".repeat(17)),
                Arguments.of("20,000 levels", "a {".repeat(20_000)),
                Arguments.of("20,000 lists", "a: [".repeat(15_000)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("hostile")
    void refuses(String what, String text) {
        Exception refused = assertThrows(IllegalArgumentException.class, () -> read(text), what);
        assertTrue(refused.getMessage().length() < 400, refused.getMessage());
    }

    @Test
    void saysTheLineOfAnError() {
        Exception refused =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> read("max_batch_size: 1\n\nname \"x\""));
        assertEquals("line 3: a field wants : or { here", refused.getMessage());
    }

    @Test
    void fifteenLevelsInsideAMessageAreRead() {
        assertEquals(List.of("a"), read("a {".repeat(15) + "}".repeat(15)).ignoredFields());
    }

    @Test
    void anyMutationIsReadOrRefusedSoon() {
        String seedText =
                "name: \"penguins\" max_batch_size: 8 version_policy { specific { versions: [1, 3]"
                        + " } } input [ { name: 'x' dims: [ -1 ] } ] # end\n";
        Random random = new Random(20260101);
        assertTimeoutPreemptively(
                Duration.ofSeconds(20),
                () -> {
                    for (int i = 0; i < 20_000; i++) {
                        StringBuilder text = new StringBuilder(seedText);
                        for (int k = random.nextInt(4); k >= 0; k--) {
                            mutate(text, random);
                        }
                        try {
                            read(text.toString());
                        } catch (IllegalArgumentException e) {
                            // Refused: as good as read.
                        }
                    }
                });
    }

    private static void mutate(StringBuilder text, Random random) {
        String odd = "{}[]<>:;,\"'\\#-0x\n\u0000z";
        int at = random.nextInt(text.length());
        switch (random.nextInt(3)) {
            case 0 -> text.deleteCharAt(at);
            case 1 -> text.insert(at, odd.charAt(random.nextInt(odd.length())));
            default -> text.setCharAt(at, odd.charAt(random.nextInt(odd.length())));
        }
    }
}
