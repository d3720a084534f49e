package dev.penstock.routing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.penstock.statistics.HashPosition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The sum that the page on routing tells anybody to do gives the arm that a route gives. */
final class RoutingPageTest {
    private static final Path PAGE =
            Path.of(System.getProperty("penstock.basedir"), "docs/explanation/routing.md");
    private static final int KEYS = 5_000;

    @TempDir Path folder;

    @Test
    void thePythonOfThePageAgreesWithTheServerForEveryKey() throws Exception {
        assumeTrue(hasPython(), "no python3 on the path: the page's code is not run");
        String page = Files.readString(PAGE);
        int begin = page.indexOf("```python\n") + "```python\n".length();
        String code = page.substring(begin, page.indexOf("```", begin));
        String asks =
                "\nfor i in range("
                        + KEYS
                        + "):\n    print(arm('s-1', f'user-{i}', [('a', 12.5), ('b', 0.01),"
                        + " ('c', 33.33)]))\n";
        Path script = Files.writeString(folder.resolve("arm.py"), code + asks);
        Route route =
                new Route(
                        List.of(
                                new Arm("stable", 1, Role.STABLE, 5_416),
                                new Arm("a", 2, Role.CANARY, 1_250),
                                new Arm("b", 3, Role.CANARY, 1),
                                new Arm("c", 4, Role.CANARY, 3_333)),
                        RoutingKey.PREDICTION,
                        List.of(),
                        null,
                        "s-1");
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < KEYS; i++) {
            expected.add(route.armAt(HashPosition.of("s-1", "user-" + i)).name());
        }
        assertEquals(expected, run(script));
    }

    private static boolean hasPython() throws InterruptedException {
        try {
            return new ProcessBuilder("python3", "--version").start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    private List<String> run(Path script) throws Exception {
        Path output = folder.resolve("out.txt");
        Process python =
                new ProcessBuilder("python3", script.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start();
        assertTrue(python.waitFor(60, TimeUnit.SECONDS));
        String printed = Files.readString(output, UTF_8);
        assertEquals(0, python.exitValue(), printed);
        return printed.lines().toList();
    }
}
