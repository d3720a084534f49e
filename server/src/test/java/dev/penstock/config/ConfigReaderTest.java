package dev.penstock.config;

import static dev.penstock.runtime.Check.require;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a reader of configuration records promises, on records of its own. */
final class ConfigReaderTest {
    record Root(
            @Key("Doors") Doors doors,
            @Key("Records") Keeping keeping,
            @Key(value = "How much is said", reload = Reload.LIVE, flag = "--level") Level level) {}

    record Doors(
            @Key(value = "Where to listen", flag = "--listen") ListenAddress address,
            @Key("Largest body") @Between(min = "1KiB", max = "1GiB") DataSize maxBody,
            @Key("How many") @Between(min = "1", max = "64") int loops,
            @Key("Names") List<String> names,
            @Key(value = "By model", flag = "--mode") Map<String, Level> modes) {
        Doors {
            require(loops != 13, "loops is %d, which brings bad luck", loops);
        }
    }

    record Keeping(
            @Key("Share that is kept") Fraction sample,
            @Key("How long") @Between(min = "1s", max = "400d") Duration keepFor,
            @Key("Whether to sync") boolean sync,
            @Key("What is taken out") List<Redaction> redact,
            @Key(value = "Keys", alias = "THE_SECRET") @Nullable SecretFile secret)
            implements Advised {
        @Override
        public List<String> advice() {
            return sample.value() == 1 && redact.isEmpty()
                    ? List.of("redact is empty, inputs will be stored as they are")
                    : List.of();
        }
    }

    record Redaction(
            @Key("Of which model") String model,
            @Key("Which input") String input,
            @Key("Which column") @Nullable String column,
            @Key("How") Level with) {}

    enum Level {
        LOW,
        MIDDLE,
        HIGH
    }

    private static final Root DEFAULTS =
            new Root(
                    new Doors(
                            new ListenAddress("0.0.0.0", 8000),
                            DataSize.ofMebibytes(64),
                            2,
                            List.of("localhost"),
                            Map.of()),
                    new Keeping(new Fraction(0.02), Duration.ofDays(30), true, List.of(), null),
                    Level.MIDDLE);

    private final ConfigReader<Root> reader = new ConfigReader<>(DEFAULTS);

    @TempDir private Path folder;

    private ReadConfig<Root> read(String yaml) throws Exception {
        return read(yaml, Map.of(), Map.of());
    }

    private ReadConfig<Root> read(
            String yaml, Map<String, String> environment, Map<String, String> flags)
            throws Exception {
        Path file = Files.writeString(folder.resolve("c.yaml"), yaml);
        return reader.read(file, environment, flags);
    }

    /** The faults without the folder in front of the file's name. */
    private List<String> faults(ReadConfig<Root> read) {
        return read.faults().stream()
                .map(f -> f.at() + " " + f.severity().word() + " " + f.text())
                .map(line -> line.replace(folder + "/", ""))
                .toList();
    }

    private static Setting setting(ReadConfig<Root> read, String path) {
        return read.settings().stream()
                .filter(s -> s.key().path().equals(path))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void nothingSaidGivesTheDefaults() throws Exception {
        ReadConfig<Root> read = reader.read(null, Map.of(), Map.of());
        assertEquals(DEFAULTS, read.orThrow());
        assertEquals("default", setting(read, "doors.loops").origin().toString());
        assertEquals(DEFAULTS, read("").orThrow());
        assertEquals(DEFAULTS, read("# only words\n").orThrow());
        assertEquals(DEFAULTS, read("doors:\nkeeping:\n").orThrow());
    }

    @Test
    void everyTypeIsReadFromTheFile() throws Exception {
        Root root =
                read("""
                doors:
                  address: "[::1]:9000"
                  max-body: 16MiB
                  loops: 7
                  names: [a, "b c"]
                  modes: {fraud: high, churn: low}
                keeping:
                  sample: 0.5
                  keep-for: 12h
                  sync: false
                  redact:
                    - {model: fraud, input: name, with: low}
                    - {model: fraud, input: rows, column: age, with: high}
                level: high
                """)
                        .orThrow();
        Root expected =
                new Root(
                        new Doors(
                                new ListenAddress("::1", 9000),
                                new DataSize(16_777_216), // 16 * 1024 * 1024
                                7,
                                List.of("a", "b c"),
                                Map.of("fraud", Level.HIGH, "churn", Level.LOW)),
                        new Keeping(
                                new Fraction(0.5),
                                Duration.ofHours(12),
                                false,
                                List.of(
                                        new Redaction("fraud", "name", null, Level.LOW),
                                        new Redaction("fraud", "rows", "age", Level.HIGH)),
                                null),
                        Level.HIGH);
        assertEquals(expected, root);
    }

    @Test
    void aFlagWinsOverAVariableThatOverTheFileThatOverTheDefault() throws Exception {
        String yaml = "level: low\n";
        Map<String, String> variable = Map.of("PENSTOCK_LEVEL", "middle");
        Map<String, String> flag = Map.of("--level", "high");
        assertEquals(Level.LOW, read(yaml).orThrow().level());
        assertEquals(Level.MIDDLE, read(yaml, variable, Map.of()).orThrow().level());
        assertEquals(Level.HIGH, read(yaml, variable, flag).orThrow().level());
        assertEquals(Level.HIGH, read(yaml, Map.of(), flag).orThrow().level());
        assertEquals(
                "c.yaml:1:8",
                setting(read(yaml), "level").origin().toString().replace(folder + "/", ""));
        assertEquals(
                "PENSTOCK_LEVEL",
                setting(read(yaml, variable, Map.of()), "level").origin().toString());
        assertEquals("--level", setting(read(yaml, variable, flag), "level").origin().toString());
    }

    @Test
    void aVariableThatIsEmptyIsNotSet() throws Exception {
        assertEquals(
                Level.LOW,
                read("level: low\n", Map.of("PENSTOCK_LEVEL", ""), Map.of()).orThrow().level());
    }

    @Test
    void anAliasIsWeakerThanTheVariableOfThePath() throws Exception {
        Path one = Files.writeString(folder.resolve("one"), "1");
        Path two = Files.writeString(folder.resolve("two"), "2");
        Map<String, String> both =
                Map.of("THE_SECRET", "file:" + one, "PENSTOCK_KEEPING_SECRET", "file:" + two);
        assertEquals(new SecretFile(two), read("", both, Map.of()).orThrow().keeping().secret());
        assertEquals(
                new SecretFile(one),
                read("", Map.of("THE_SECRET", "file:" + one), Map.of())
                        .orThrow()
                        .keeping()
                        .secret());
    }

    @Test
    void listsAndMapsStandInVariablesWithCommas() throws Exception {
        Root root =
                read(
                                "doors: {names: [x]}\n",
                                Map.of(
                                        "PENSTOCK_DOORS_NAMES",
                                        "a, b",
                                        "PENSTOCK_KEEPING_REDACT",
                                        "[{model: m, input: i, with: low}]"),
                                Map.of("--mode", "fraud=high,churn=low"))
                        .orThrow();
        assertEquals(List.of("a", "b"), root.doors().names());
        assertEquals(Map.of("fraud", Level.HIGH, "churn", Level.LOW), root.doors().modes());
        assertEquals(List.of(new Redaction("m", "i", null, Level.LOW)), root.keeping().redact());
        assertEquals(
                List.of(),
                read("", Map.of("PENSTOCK_DOORS_NAMES", "[]"), Map.of()).orThrow().doors().names());
    }

    @Test
    void anUnknownKeyComesWithItsPlaceAndASuggestion() throws Exception {
        assertEquals(
                List.of(
                        "c.yaml:2:3 error doors.lops: no such key. Did you mean 'loops'?",
                        "c.yaml:3:3 error doors.keep-for: no such key. Did you mean"
                                + " 'keeping.keep-for'?",
                        "c.yaml:4:1 error nonsense: no such key",
                        "c.yaml:6:24 error keeping.redact[0].modle: no such key. Did you mean"
                                + " 'model'?"),
                faults(
                        read(
                                """
                                doors:
                                  lops: 3
                                  keep-for: 1d
                                nonsense: 1
                                keeping:
                                  redact: [{with: low, modle: n, model: m, input: i}]
                                """)));
    }

    @Test
    void everyFaultIsListedInOrderOfPlace() throws Exception {
        ReadConfig<Root> read =
                read(
                        """
                        doors:
                          address: nowhere
                          max-body: 64
                          loops: 0
                          names: x
                          modes: [a]
                        keeping:
                          sample: 2
                          keep-for: 5
                          sync: yes
                          redact: [{model: m}, 7]
                        level: hihg
                        """,
                        Map.of("PENSTOCK_DOORS_LOOPS", "many"),
                        Map.of("--listen", ":99999"));
        assertNull(read.value());
        assertEquals(
                List.of(
                        "c.yaml:2:12 error doors.address: 'nowhere' is not HOST:PORT such as"
                                + " 127.0.0.1:8000 or [::1]:8000",
                        "c.yaml:3:13 error doors.max-body: '64' is not a size, its unit is missing."
                                + " Write 64MiB or 64KiB",
                        "c.yaml:4:10 error doors.loops: 0 is not between 1 and 64",
                        "c.yaml:5:10 error doors.names: must be a list such as [a, b]",
                        "c.yaml:6:10 error doors.modes: must be names with values such as {fraud:"
                                + " low}",
                        "c.yaml:8:11 error keeping.sample: 2 is not between 0 and 1. For 2 percent"
                                + " write 0.02",
                        "c.yaml:9:13 error keeping.keep-for: '5' is not a duration, its unit is"
                                + " missing. Write 5s or 5ms",
                        "c.yaml:10:9 error keeping.sync: 'yes' is not true or false",
                        "c.yaml:11:12 error keeping.redact[0]: has no input, must be a word",
                        "c.yaml:11:12 error keeping.redact[0]: has no with, must be one of low,"
                                + " middle, high",
                        "c.yaml:11:24 error keeping.redact[1]: must be keys with values, of model,"
                                + " input, column, with",
                        "c.yaml:12:8 error level: 'hihg' is not one of low, middle, high. Did you"
                                + " mean 'high'?",
                        "PENSTOCK_DOORS_LOOPS error doors.loops: 'many' is not a whole number such"
                                + " as 8",
                        "--listen error doors.address: :99999 has a port above 65535"),
                faults(read));
    }

    @Test
    void aKeyWithoutAValueIsToldWhatToWrite() throws Exception {
        assertEquals(
                List.of(
                        "c.yaml:2:9 error doors.loops: has no value; write a whole number such as"
                                + " 1, or remove the key",
                        "c.yaml:3:8 error level: has no value; write one of low, middle, high, or"
                                + " remove the key"),
                faults(read("doors:\n  loops:\nlevel: ~\n")));
    }

    @Test
    void aSectionThatIsNoMappingIsToldItsKeys() throws Exception {
        assertEquals(
                List.of(
                        "c.yaml:1:8 error doors: must be keys with values, of address, max-body,"
                                + " loops, names, modes"),
                faults(read("doors: 3\n")));
        assertEquals(
                List.of("c.yaml:1:1 error must be keys with values, of doors, keeping, level"),
                faults(read("- doors\n")));
    }

    @Test
    void whatARecordRefusesStandsAtTheSettingItNames() throws Exception {
        String says = " error doors.loops: is 13, which brings bad luck";
        assertEquals(List.of("c.yaml:2:10" + says), faults(read("doors:\n  loops: 13\n")));
        assertEquals(
                List.of("PENSTOCK_DOORS_LOOPS" + says),
                faults(read("", Map.of("PENSTOCK_DOORS_LOOPS", "13"), Map.of())));
    }

    @Test
    void adviceIsAWarningAndTheConfigurationIsUsed() throws Exception {
        ReadConfig<Root> read = read("keeping:\n  sample: 1\n");
        assertNotNull(read.value());
        assertEquals(
                List.of(
                        "c.yaml:2:11 warn keeping.redact: is empty, inputs will be stored as they"
                                + " are"),
                faults(read));
    }

    @Test
    void variablesAreFilledIn() throws Exception {
        Map<String, String> environment = Map.of("PORT", "9001", "EMPTY", "", "TRICK", "1\nx: 2");
        assertEquals(
                9001,
                read("doors: {address: \"0.0.0.0:${PORT}\"}\n", environment, Map.of())
                        .orThrow()
                        .doors()
                        .address()
                        .port());
        assertEquals(
                5,
                read("doors:\n  loops: ${NONE:-5}\n", environment, Map.of())
                        .orThrow()
                        .doors()
                        .loops());
        assertEquals(
                6,
                read("doors:\n  loops: ${EMPTY:-6}\n", environment, Map.of())
                        .orThrow()
                        .doors()
                        .loops());
        assertEquals(
                List.of("a${PORT}b${PORT:-1}", "9001-9001"),
                read(
                                "doors:\n  names: ['a$${PORT}b$${PORT:-1}', '${PORT}-${PORT}']\n",
                                environment,
                                Map.of())
                        .orThrow()
                        .doors()
                        .names());
        assertEquals(
                List.of(
                        "c.yaml:2:10 error doors.loops: NONE is not set; set it, or write"
                                + " ${NONE:-default}"),
                faults(read("doors:\n  loops: ${NONE}\n", environment, Map.of())));
        assertEquals(
                List.of(
                        "c.yaml:2:10 error doors.loops: '1\\u000Ax: 2' is not a whole number such"
                                + " as 8"),
                faults(read("doors:\n  loops: ${TRICK}\n", environment, Map.of())));
        for (String bad : List.of("${", "${}", "${1A}", "${A", "${A:b}", "${A B}", "${A:-${B}}")) {
            List<String> faults =
                    faults(read("doors:\n  names: ['" + bad + "']\n", environment, Map.of()));
            assertEquals(1, faults.size(), bad);
            assertTrue(faults.getFirst().contains("holds ${ without NAME}"), faults.toString());
        }
    }

    @Test
    void aVariableIsNeverFilledIntoWhatAVariableHolds() throws Exception {
        assertEquals(
                List.of("${PORT}"),
                read("", Map.of("PORT", "1", "PENSTOCK_DOORS_NAMES", "${PORT}"), Map.of())
                        .orThrow()
                        .doors()
                        .names());
    }

    @Test
    void aSecretIsAFileAndIsNeverShown() throws Exception {
        Path file = Files.writeString(folder.resolve("token"), "hush");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        ReadConfig<Root> read = read("keeping: {secret: 'file:" + file + "'}\n");
        assertEquals(List.of(), read.faults());
        assertEquals("hush", read.orThrow().keeping().secret().read());
        assertEquals("file:" + file, setting(read, "keeping.secret").text());
        assertTrue(!read.toString().contains("hush"));

        List<String> inline = faults(read("keeping: {secret: hush}\n"));
        assertEquals(
                List.of(
                        "c.yaml:1:19 error keeping.secret: must be file:PATH; a secret itself does"
                                + " not stand in a configuration"),
                inline);
        assertEquals(
                List.of("c.yaml:1:19 error keeping.secret: no such file: nowhere/token"),
                faults(read("keeping: {secret: 'file:nowhere/token'}\n")));
        assertEquals(
                List.of("c.yaml:1:19 error keeping.secret: " + folder + " is not a file"),
                faults(read("keeping: {secret: 'file:" + folder + "'}\n")));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        ReadConfig<Root> open = read("keeping: {secret: 'file:" + file + "'}\n");
        assertNotNull(open.value());
        assertTrue(
                faults(open).getFirst().contains("warn keeping.secret: "), faults(open).toString());
    }

    @Test
    void aMisspeltVariableIsAWarning() throws Exception {
        ReadConfig<Root> read =
                read(
                        "",
                        Map.of(
                                "PENSTOCK_DOOR_LOOPS", "3",
                                "PENSTOCK_SERVICE_HOST", "10.0.0.1",
                                "PENSTOCK_JAVA_OPTS", "-Xmx1g"),
                        Map.of());
        assertNotNull(read.value());
        assertEquals(
                List.of(
                        "PENSTOCK_DOOR_LOOPS warn sets nothing. Did you mean"
                                + " 'PENSTOCK_DOORS_LOOPS'?"),
                faults(read));
    }

    @Test
    void faultsPrintAsAListThatCounts() throws Exception {
        List<String> lines =
                Fault.lines(read("doors:\n  loops: 13\nkeeping:\n  sample: 1\n").faults());
        assertEquals(
                List.of(
                        "c.yaml:2:10  error  doors.loops: is 13, which brings bad luck",
                        "c.yaml:4:11  warn   keeping.redact: is empty, inputs will be stored as"
                                + " they are",
                        "1 error, 1 warning"),
                lines.stream().map(line -> line.replace(folder + "/", "")).toList());
    }

    @Test
    void allIsThrownAtOnce() throws Exception {
        ReadConfig<Root> read = read("x: 1\ny: 2\n");
        ConfigException thrown = assertThrows(ConfigException.class, read::orThrow);
        assertEquals(2, thrown.faults().size());
    }

    record Twins(@Key("One") int aB, @Key("Other") Inner a) {}

    record Inner(@Key("Two") int b) {}

    record Bare(int nothing) {}

    record Odd(@Key("Odd") Thread thread) {}

    @Test
    void settingsThatShareAVariableOrCannotBeReadAreRefusedWhenDescribed() {
        // Both would be PENSTOCK_A_B.
        assertThrows(
                IllegalArgumentException.class,
                () -> new ConfigReader<>(new Twins(1, new Inner(2))));
        assertThrows(IllegalArgumentException.class, () -> new ConfigReader<>(new Bare(1)));
        assertThrows(
                IllegalArgumentException.class,
                () -> new ConfigReader<>(new Odd(Thread.currentThread())));
    }

    @Test
    void aChangeIsWhatDiffersAndSaysWhatCanBeHadAtOnce() throws Exception {
        ReadConfig<Root> before = read("level: low\ndoors: {loops: 2}\n");
        ReadConfig<Root> after =
                read("level: high\n", Map.of("PENSTOCK_DOORS_MAX_BODY", "1MiB"), Map.of());
        ConfigChange change = ConfigChange.between(before, after);
        // Loops are 2 in both, once from the file and once by default.
        assertEquals(
                List.of("doors.max-body 64MiB 1MiB", "level low high"),
                change.changes().stream()
                        .map(c -> c.key() + " " + c.before().text() + " " + c.after().text())
                        .toList());
        assertEquals(List.of("level"), change.live().stream().map(c -> c.key().path()).toList());
        assertEquals(
                List.of("doors.max-body"),
                change.restart().stream().map(c -> c.key().path()).toList());
    }
}
