package dev.penstock.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.config.Between;
import dev.penstock.config.ConfigReader;
import dev.penstock.config.Key;
import dev.penstock.config.Reload;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import tools.jackson.databind.JsonNode;

/** {@code penstock config} as a shell would run it, on settings of its own. */
final class ConfigCommandTest {
    record Settings(
            @Key("How it listens") Listening listening,
            @Key(value = "How much is said", reload = Reload.LIVE) Words words) {}

    record Listening(
            @Key(value = "How many loops turn", flag = "--loops", param = "N")
                    @Between(min = "1", max = "9")
                    int loops,
            @Key("Who is heard") List<String> hosts) {}

    enum Words {
        FEW,
        MANY
    }

    @Command(name = "serve")
    static final class Serve implements Runnable {
        @Override
        public void run() {}
    }

    private record Ran(int exitCode, String out, String err) {}

    private final ConfigReader<Settings> reader =
            new ConfigReader<>(new Settings(new Listening(2, List.of("a", "b")), Words.FEW));

    @TempDir private Path folder;
    private Path good;
    private Path bad;

    @BeforeEach
    void write() throws Exception {
        good = Files.writeString(folder.resolve("good.yaml"), "words: many\n");
        bad = Files.writeString(folder.resolve("bad.yaml"), "listening:\n  lops: 3\n  loops: 10\n");
    }

    private Ran run(String... words) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine line = Cli.commandLine(new Serve(), reader);
        line.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        int exitCode = line.execute(words);
        return new Ran(
                exitCode,
                out.toString().replace(folder + "/", ""),
                err.toString().replace(folder + "/", ""));
    }

    @Test
    void checkListsEveryFaultAndExitsWithOne() {
        Ran ran = run("config", "check", bad.toString());
        assertEquals(1, ran.exitCode());
        assertEquals("", ran.err());
        assertEquals(
                """
                bad.yaml:2:3   error  listening.lops: no such key. Did you mean 'loops'?
                bad.yaml:3:10  error  listening.loops: 10 is not between 1 and 9
                2 errors
                """,
                ran.out());
    }

    @Test
    void checkOfAGoodFileSaysSo() {
        assertEquals(new Ran(0, "good.yaml: good\n", ""), run("config", "check", good.toString()));
        assertEquals(1, run("config", "check", "no/such/file").exitCode());
    }

    @Test
    void checkForScriptsIsJson() {
        Ran ran = run("config", "check", bad.toString(), "-o", "json");
        assertEquals(1, ran.exitCode());
        JsonNode json = Json.MAPPER.readTree(ran.out());
        assertEquals(false, json.get("valid").booleanValue());
        assertEquals(
                "{\"severity\":\"error\",\"source\":\"bad.yaml\",\"line\":2,\"column\":3,"
                        + "\"key\":\"listening.lops\","
                        + "\"message\":\"no such key. Did you mean 'loops'?\"}",
                json.get("faults").get(0).toString());
        assertEquals(
                "{\"valid\":true,\"faults\":[]}",
                Json.MAPPER
                        .readTree(run("config", "check", good.toString(), "-o", "json").out())
                        .toString());
    }

    @Test
    void showSaysEveryValueAndItsOrigin() {
        assertEquals(
                """
                SETTING          VALUE   ORIGIN
                listening.loops  2       default
                listening.hosts  [a, b]  default
                words            many    good.yaml:1:8
                """,
                run("config", "show", good.toString(), "--origin").out());
        assertEquals(
                """
                SETTING          VALUE
                listening.loops  2
                listening.hosts  [a, b]
                words            many
                """,
                run("config", "show", good.toString()).out());
        JsonNode json =
                Json.MAPPER.readTree(run("config", "show", good.toString(), "-o", "json").out());
        assertEquals(
                "{\"key\":\"listening.hosts\",\"value\":[\"a\",\"b\"],\"origin\":\"default\","
                        + "\"reload\":\"restart\"}",
                json.get(1).toString());
    }

    @Test
    void showOfAWrongFileShowsNothing() {
        Ran ran = run("config", "show", bad.toString());
        assertEquals(1, ran.exitCode());
        assertEquals("", ran.out());
        assertEquals(3, ran.err().lines().count(), ran.err());
    }

    @Test
    void explainTellsAllOfOneSetting() {
        assertEquals(
                """
                listening.loops
                  How many loops turn.
                  type      integer
                  allowed   1 to 9
                  default   2
                  change    restart: felt when the server starts again
                  variable  PENSTOCK_LISTENING_LOOPS
                  flag      --loops N
                """,
                run("config", "explain", "listening.loops").out());
    }

    @Test
    void explainListsASectionOrAll() {
        // A row each, below the headings.
        assertEquals(3, run("config", "explain", "listening").out().lines().count());
        assertEquals(4, run("config", "explain").out().lines().count());
        JsonNode json = Json.MAPPER.readTree(run("config", "explain", "words", "-o", "json").out());
        assertEquals(1, json.size());
        assertEquals("words", json.path(0).path("key").asString());
    }

    @Test
    void explainOfAnUnknownKeyIsUsageWithASuggestion() {
        Ran typed = run("config", "explain", "listening.lops");
        assertEquals(2, typed.exitCode());
        assertTrue(typed.err().contains("did you mean listening.loops?"), typed.err());
        Ran last = run("config", "explain", "hosts");
        assertTrue(last.err().contains("did you mean listening.hosts?"), last.err());
        assertEquals(2, run("config", "explain", "zzz").exitCode());
    }

    @Test
    void diffComparesWithTheDefaultsOrWithAnotherFile() throws Exception {
        assertEquals(
                """
                SETTING  BEFORE  AFTER  CHANGE
                words    few     many   live
                1 setting differs, 1 of them without a restart
                """,
                run("config", "diff", good.toString()).out());
        Path other = Files.writeString(folder.resolve("o.yaml"), "listening: {hosts: []}\n");
        assertEquals(
                """
                SETTING          BEFORE  AFTER  CHANGE
                listening.hosts  [a, b]  []     restart
                words            many    few    live
                2 settings differ, 1 of them without a restart
                """,
                run("config", "diff", good.toString(), other.toString()).out());
        assertEquals(1, run("config", "diff", good.toString(), bad.toString()).exitCode());
        assertEquals(
                "{\"changes\":[{\"key\":\"words\",\"before\":\"few\",\"after\":\"many\","
                        + "\"live\":true}]}",
                Json.MAPPER
                        .readTree(run("config", "diff", good.toString(), "-o", "json").out())
                        .toString());
    }

    @Test
    void schemaIsPrintedAsItIs() {
        assertEquals(new Ran(0, reader.schema(), ""), run("config", "schema"));
    }

    @Test
    void aVerbIsNeeded() {
        assertEquals(2, run("config").exitCode());
        assertEquals(2, run("config", "chekc").exitCode());
    }

    @Test
    void aFileNameCannotSteerTheTerminal() throws Exception {
        Path odd = Files.writeString(folder.resolve("a\u001b[31mb.yaml"), "x: 1\n");
        assertTrue(run("config", "check", odd.toString()).out().indexOf('\u001b') < 0);
        assertTrue(run("config", "show", odd.toString()).err().indexOf('\u001b') < 0);
    }
}
