package dev.penstock.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The page of metrics names every meter there is, and no other. */
final class MetricsDocTest {
    private static final Pattern ROW = Pattern.compile("^\\| `(penstock_\\w+)`", Pattern.MULTILINE);

    @Test
    void thePageAndTheProgramNameTheSameMeters() throws Exception {
        Set<String> page = new TreeSet<>();
        Path file = Path.of(System.getProperty("penstock.basedir"), "docs/reference/metrics.md");
        Matcher rows = ROW.matcher(Files.readString(file));
        while (rows.find()) {
            page.add(rows.group(1).replaceAll("_(total|seconds|bytes_total)$", ""));
        }
        Set<String> program =
                Arrays.stream(MeterName.values())
                        .map(m -> m.id().replace('.', '_'))
                        .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(program, page);
    }
}
