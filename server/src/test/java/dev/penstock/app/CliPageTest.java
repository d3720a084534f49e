package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.cli.ExitCode;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The page of commands names each command, argument and option, and each exit code. */
final class CliPageTest {
    @Test
    void thePageAndTheProgramHaveTheSameCommands() throws Exception {
        assertEquals(CliPage.commandsText(), CliPage.read().section("Commands"));
    }

    @Test
    void everyExitCodeIsOnThePageOnce() throws Exception {
        List<String> codes = new ArrayList<>();
        for (Field field : ExitCode.class.getFields()) {
            codes.add(Integer.toString(field.getInt(null)));
        }
        List<String> told =
                Pattern.compile("(?m)^\\| ([0-9]+) \\|")
                        .matcher(CliPage.read().section("Exit codes"))
                        .results()
                        .map(row -> row.group(1))
                        .toList();
        assertEquals(codes, told);
    }

    @Test
    void theVariablesOnThePageAreThoseOfTheProgram() throws Exception {
        String page = CliPage.read().section("Environment");
        Path sources = Path.of(System.getProperty("penstock.basedir"), "server/src/main");
        Pattern variable = Pattern.compile("(?<!\\w)(PENSTOCK_[A-Z_]+|NO_COLOR|JAVA25_HOME)\\b");
        List<String> read = new ArrayList<>();
        for (String folder : List.of("java/dev/penstock/cli", "dist/bin")) {
            try (Stream<Path> files = Files.list(sources.resolve(folder))) {
                for (Path file : files.toList()) {
                    variable.matcher(Files.readString(file))
                            .results()
                            .map(found -> found.group(1))
                            .forEach(read::add);
                }
            }
        }
        assertTrue(
                read.contains("PENSTOCK_SERVER") && read.contains("JAVA25_HOME"), read::toString);
        for (String name : read.stream().distinct().toList()) {
            assertTrue(page.contains("| `" + name + "` |"), () -> name + " is not on the page");
        }
    }
}
