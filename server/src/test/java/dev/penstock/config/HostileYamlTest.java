package dev.penstock.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Files that are meant to hurt end in a clear fault, soon. */
final class HostileYamlTest {
    record Root(
            @Key("Inner") Inner inner,
            @Key("Names") List<String> names,
            @Key("Blocks") List<Block> blocks) {}

    record Block(@Key("One") int one, @Key("Two") int two) {}

    record Inner(@Key("How many") int count, @Key("Modes") Map<String, String> modes) {}

    private static final ConfigReader<Root> READER =
            new ConfigReader<>(new Root(new Inner(1, Map.of()), List.of(), List.of()));

    @TempDir private Path folder;

    private List<String> faults(byte[] content) throws Exception {
        Path file = Files.write(folder.resolve("c.yaml"), content);
        ReadConfig<Root> read =
                assertTimeoutPreemptively(
                        Duration.ofSeconds(10), () -> READER.read(file, Map.of(), Map.of()));
        assertNull(read.value(), () -> new String(content, StandardCharsets.UTF_8));
        return read.faults().stream()
                .map(fault -> (fault.at() + " " + fault.text()).replace(folder + "/", ""))
                .toList();
    }

    static Stream<Arguments> documents() {
        String bomb =
                "names: &a [x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b]\n";
        return Stream.of(
                Arguments.of(
                        "inner: {count: 2}\ninner: {count: 3}\n",
                        "c.yaml:2:1 'inner' stands here a second time; first in line 1"),
                Arguments.of(
                        "inner:\n  count: 2\n  count: 2\n",
                        "c.yaml:3:3 'count' stands here a second time; first in line 2"),
                Arguments.of(
                        "inner:\n  modes: {a: b, a: c}\n",
                        "c.yaml:2:17 'a' stands here a second time; first in line 2"),
                Arguments.of(bomb, "c.yaml:1:8 has an anchor; write the value where it is used"),
                Arguments.of("names: [*x]\n", "c.yaml:1:9 is an alias; write the value itself"),
                Arguments.of(
                        "inner: &i {modes: *i}\n",
                        "c.yaml:1:8 has an anchor; write the value where it is used"),
                Arguments.of("inner:\n  <<: {count: 2}\n", "c.yaml:2:3 inner.<<: no such key"),
                Arguments.of(
                        "names: !!java.net.URL [x]\n",
                        "c.yaml:1:8 has a tag; write the value without it"),
                Arguments.of(
                        "inner: {count: !!int 2}\n",
                        "c.yaml:1:16 has a tag; write the value without it"),
                Arguments.of("names: !x y\n", "c.yaml:1:8 has a tag; write the value without it"),
                Arguments.of(
                        "inner: {count: 2}\n---\nnames: []\n",
                        "c.yaml:2:1 a second document begins here; one file holds one"),
                Arguments.of(
                        "inner:\n\tcount: 2\n", "c.yaml:2:1 a tab; YAML is indented with spaces"),
                Arguments.of("inner:\n  count: 2\n names: []\n", "c.yaml:3:2 not YAML: "),
                Arguments.of("names: [a, b\n", "c.yaml:2:1 not YAML: "),
                Arguments.of("names: \"a\n", "c.yaml:2:1 not YAML: "),
                Arguments.of("names: @a\n", "c.yaml:1:8 not YAML: "),
                Arguments.of("%YAML 9.9\n---\nnames: []\n", "c.yaml"),
                Arguments.of(
                        "names: " + "[".repeat(20_000), "c.yaml:1:23 is nested deeper than 16"),
                Arguments.of("{a: ".repeat(10_000), "c.yaml:1:65 is nested deeper than 16"),
                Arguments.of("- ".repeat(30_000), "c.yaml:1:33 is nested deeper than 16"),
                Arguments.of("? [a, b]\n: c\n", "c.yaml:1:3 a key must be a word"),
                Arguments.of("? {a: b}\n: c\n", "c.yaml:1:3 a key must be a word"),
                Arguments.of(
                        "just words\n",
                        "c.yaml:1:1 must be keys with values, of inner, names, blocks"),
                Arguments.of("names: [a\u0000b]\n", "c.yaml:1:10 holds the character U+0000"),
                Arguments.of("x\u0007: 1\n", "c.yaml:1:2 holds the character U+0007"),
                Arguments.of("x".repeat(5_000) + ": 1\n", "c.yaml"),
                Arguments.of(
                        "names: [\"\\u0000\"]\n",
                        "c.yaml:1:9 names[0]: '\\u0000' holds a control character"),
                Arguments.of(
                        "inner: {modes: {a: [b]}}\n",
                        "c.yaml:1:20 inner.modes.a: is a list, must be a word"));
    }

    @ParameterizedTest
    @MethodSource("documents")
    void aHostileDocumentIsRefusedAtItsPlace(String yaml, String first) throws Exception {
        List<String> faults = faults(yaml.getBytes(StandardCharsets.UTF_8));
        assertTrue(faults.getFirst().startsWith(first), faults.toString());
    }

    @Test
    void aFileThatIsTooLargeIsNotReadToItsEnd() throws Exception {
        String line = "# " + "x".repeat(1_021) + "\n"; // 1 KiB
        assertEquals(
                List.of("c.yaml is larger than 64 KiB"),
                faults((line.repeat(64) + "\n").getBytes(StandardCharsets.UTF_8)));
        Path whole = Files.writeString(folder.resolve("c.yaml"), line.repeat(64));
        assertEquals(List.of(), READER.read(whole, Map.of(), Map.of()).faults());
    }

    @Test
    void whatIsNotUtf8IsRefusedWhereItBegins() throws Exception {
        // 0xE9 is é in Latin-1 and no character in UTF-8.
        byte[] latin = "names: [ok]\n# caf\u00e9\n".getBytes(StandardCharsets.ISO_8859_1);
        assertEquals(List.of("c.yaml:2:6 is not UTF-8 from here on"), faults(latin));
        assertEquals(
                List.of("c.yaml:1:1 is not UTF-8 from here on"),
                faults("names: []\n".getBytes(StandardCharsets.UTF_16)));
        assertEquals(
                List.of("c.yaml:1:9 is not UTF-8 from here on"),
                // An overlong form of the slash.
                faults(
                        new byte[] {
                            'n', 'a', 'm', 'e', 's', ':', ' ', '[', (byte) 0xC0, (byte) 0xAF, ']'
                        }));
    }

    @Test
    void aByteOrderMarkIsNoPartOfTheFirstKey() throws Exception {
        Path file = Files.writeString(folder.resolve("c.yaml"), "\uFEFFnames: [a]\n");
        assertEquals(List.of("a"), READER.read(file, Map.of(), Map.of()).orThrow().names());
    }

    @Test
    void whatIsNoFileIsRefused() {
        for (Path odd : List.of(Path.of("/dev/zero"), folder, folder.resolve("nowhere"))) {
            ReadConfig<Root> read =
                    assertTimeoutPreemptively(
                            Duration.ofSeconds(5), () -> READER.read(odd, Map.of(), Map.of()));
            assertNull(read.value(), odd.toString());
            assertEquals(1, read.faults().size(), odd.toString());
        }
    }

    @Test
    void manyUnknownKeysAreAllListedSoon() throws Exception {
        StringBuilder yaml = new StringBuilder();
        for (int i = 0; i < 6_000; i++) {
            yaml.append("k").append(i).append(": 1\n");
        }
        assertEquals(6_000, faults(yaml.toString().getBytes(StandardCharsets.UTF_8)).size());
    }

    @Test
    void manyWrongBlocksAreAllListedSoon() throws Exception {
        // Each lacks both of its keys.
        String yaml = "blocks: [" + "{},".repeat(20_000) + "]\n";
        assertEquals(40_000, faults(yaml.getBytes(StandardCharsets.UTF_8)).size());
    }

    @Test
    void noMutantOfAGoodFileEscapesAsAnException() throws Exception {
        long seed = 20_251_125;
        Random random = new Random(seed);
        byte[] good =
                """
                inner:
                  count: 3
                  modes: {a: "b", c: ${HOME:-x}}
                names: [one, 'two', "three"]
                """
                        .getBytes(StandardCharsets.UTF_8);
        byte[] alphabet = "\t\n :-{}[]&*!|>'\"%@`#?,$\\~0a\u00e9".getBytes(StandardCharsets.UTF_8);
        Path file = folder.resolve("mutant.yaml");
        for (int round = 0; round < 1_500; round++) {
            byte[] mutant = good.clone();
            for (int i = random.nextInt(1, 6); i > 0; i--) {
                mutant[random.nextInt(mutant.length)] =
                        random.nextInt(4) == 0
                                ? (byte) random.nextInt(256)
                                : alphabet[random.nextInt(alphabet.length)];
            }
            Files.write(file, mutant);
            ReadConfig<Root> read;
            try {
                read = READER.read(file, Map.of("HOME", "/root"), Map.of());
            } catch (RuntimeException e) {
                throw new AssertionError(
                        "seed "
                                + seed
                                + " round "
                                + round
                                + ": "
                                + new String(mutant, StandardCharsets.ISO_8859_1),
                        e);
            }
            boolean hasError = read.faults().stream().anyMatch(Fault::isError);
            assertEquals(hasError, read.value() == null);
        }
    }
}
