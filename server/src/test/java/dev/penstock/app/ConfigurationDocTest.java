package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** The page of flags names every flag of {@code serve} with its default, and no other. */
final class ConfigurationDocTest {
    private static final Pattern ROW =
            Pattern.compile("^\\| `(--[a-z-]+)` \\| (?:`([^`]*)`)? *\\|", Pattern.MULTILINE);

    @Test
    void thePageAndTheProgramHaveTheSameFlagsAndDefaults() throws Exception {
        Map<String, String> page = new TreeMap<>();
        Path file =
                Path.of(System.getProperty("penstock.basedir"), "docs/reference/configuration.md");
        Matcher rows = ROW.matcher(Files.readString(file));
        while (rows.find()) {
            page.put(rows.group(1), rows.group(2) == null ? "" : rows.group(2));
        }
        Map<String, String> program = new TreeMap<>();
        for (OptionSpec option : new CommandLine(new ServeCommand()).getCommandSpec().options()) {
            if (!option.usageHelp() && !option.versionHelp()) {
                String value = option.defaultValue();
                program.put(option.longestName(), value == null ? "" : value);
            }
        }
        assertEquals(program, page);
    }
}
