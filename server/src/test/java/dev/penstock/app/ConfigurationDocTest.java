package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.penstock.config.ConfigKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The page of settings has a row for every setting, with its default and its marks. */
final class ConfigurationDocTest {
    private static final String HEAD =
            """
            | setting | type | default | change | flag | meaning |
            |---|---|---|---|---|---|
            """;

    @Test
    void thePageAndTheProgramHaveTheSameSettings() throws Exception {
        Path file =
                Path.of(System.getProperty("penstock.basedir"), "docs/reference/configuration.md");
        String page = Files.readString(file);
        int start = page.indexOf(HEAD);
        int end = page.indexOf("\n\n", start);
        String rows =
                GatewayConfig.reader().keys().stream()
                        .map(ConfigurationDocTest::row)
                        .collect(Collectors.joining("\n"));
        assertEquals(HEAD + rows, start < 0 ? page : page.substring(start, end));
    }

    private static String row(ConfigKey key) {
        String allowed = key.allowedText().isEmpty() ? "" : ": " + key.allowedText();
        return "| `%s` | %s | %s | %s | %s | %s |"
                .formatted(
                        key.path(),
                        key.typeText() + allowed,
                        key.isMachineDependent() ? key.defaultText() : code(key.defaultText()),
                        key.reload().word(),
                        key.flag() == null ? "" : code(key.flag()),
                        key.about());
    }

    private static String code(String text) {
        return text.isEmpty() ? "" : "`" + text + "`";
    }
}
