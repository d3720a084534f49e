package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs the commands of the tutorials as a reader would, and compares what they print. */
final class TutorialTest {
    private static final Path REPOSITORY = Path.of(System.getProperty("penstock.basedir"));
    private static final Path PAGES = REPOSITORY.resolve("docs/tutorials");
    private static final String BLOCK_MARK = "=== block ";
    private static final long TUTORIAL_SECONDS = 120;

    @TempDir Path place;

    /**
     * A {@code sh} block of a page, and the {@code text} block below it.
     *
     * @param expected whole lines in order; {@code …} is any text, and alone any lines
     */
    private record Block(String commands, List<String> expected) {}

    @ParameterizedTest
    @CsvSource({"first-prediction.md,7", "first-canary.md,8", "trace-a-prediction.md,6"})
    void everyCommandOfAPagePrintsWhatThePageShows(String page, int leastBlocks) throws Exception {
        List<Block> blocks = read(PAGES.resolve(page));
        assumeTrue(
                blocks.stream().noneMatch(b -> b.commands().contains("python3")) || hasPython(),
                page + " not run: python3 is not to be had");
        assertTrue(blocks.size() >= leastBlocks, "blocks found: " + blocks.size());
        Path store = layOut();
        String data = place.resolve("server/target/demo/data").toString();
        try (ServerProcess server =
                ServerProcess.start(
                        store,
                        List.of(),
                        "--data",
                        data,
                        "--lineage-sample",
                        "1",
                        "--lineage-payload",
                        "full",
                        "--lineage-seal-age",
                        "3s")) {
            List<String> printed = run(blocks, server);
            for (int i = 0; i < blocks.size(); i++) {
                Block block = blocks.get(i);
                assertEquals(
                        "",
                        missing(block.expected(), printed.get(i)),
                        () -> "after\n" + block.commands() + "\n" + printed);
            }
        }
    }

    private static boolean hasPython() throws InterruptedException {
        try {
            return new ProcessBuilder("python3", "--version").start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"first-prediction.md", "first-canary.md", "trace-a-prediction.md"})
    void everyLinkOfAPageLeadsSomewhere(String page) throws Exception {
        Pattern link = Pattern.compile("\\]\\(([^)#:]+)(#[^)]*)?\\)");
        List<String> links =
                link.matcher(Files.readString(PAGES.resolve(page)))
                        .results()
                        .map(found -> found.group(1))
                        .toList();
        assertTrue(links.size() >= 2, links::toString);
        for (String each : links) {
            assertTrue(Files.exists(PAGES.resolve(each)), each);
        }
    }

    @Test
    void aLineIsFoundByItsFixedParts() {
        assertEquals("", missing(List.of("a…c", "…", "d"), "abc\nx\nd\n"));
        assertEquals("d", missing(List.of("d", "a…c"), "abc\nno d\n"));
        assertEquals("a", missing(List.of("d", "a"), "a\nd\n"));
    }

    /** The first expected line that is not there, or nothing. */
    private static String missing(List<String> expected, String printed) {
        List<String> lines = printed.lines().map(String::stripTrailing).toList();
        int at = 0;
        for (String each : expected) {
            if (each.equals("…")) {
                continue;
            }
            Pattern pattern =
                    Pattern.compile(
                            Stream.of(each.split("…", -1))
                                    .map(Pattern::quote)
                                    .collect(Collectors.joining(".*")));
            while (at < lines.size() && !pattern.matcher(lines.get(at)).matches()) {
                at++;
            }
            if (at == lines.size()) {
                return each;
            }
            at++;
        }
        return "";
    }

    private static List<Block> read(Path page) throws IOException {
        List<Block> blocks = new ArrayList<>();
        List<String> fence = new ArrayList<>();
        String language = "";
        for (String line : Files.readAllLines(page)) {
            boolean isFence = line.startsWith("```");
            if (isFence && language.isEmpty()) {
                language = line.substring(3);
                fence.clear();
            } else if (isFence) {
                if (language.equals("sh")) {
                    blocks.add(new Block(String.join("\n", fence), List.of()));
                } else if (language.equals("text")) {
                    Block commands = blocks.removeLast();
                    blocks.add(new Block(commands.commands(), List.copyOf(fence)));
                }
                language = "";
            } else {
                fence.add(line);
            }
        }
        return blocks;
    }

    /** The parts of a built clone that the page speaks of; returns the store. */
    private Path layOut() throws IOException {
        Files.createSymbolicLink(
                place.resolve("config"), REPOSITORY.resolve("config").toRealPath());
        Files.createSymbolicLink(place.resolve("docs"), REPOSITORY.resolve("docs").toRealPath());
        Path bin = Files.createDirectories(place.resolve("server/target/penstock/bin"));
        Path command = bin.resolve("penstock");
        Files.writeString(
                command,
                "#!/bin/sh\nexec '%s' -XX:TieredStopAtLevel=1 --enable-native-access=ALL-UNNAMED -cp '%s' dev.penstock.app.Main \"$@\"\n"
                        .formatted(
                                Path.of(System.getProperty("java.home"), "bin", "java"),
                                System.getProperty("java.class.path")));
        Files.setPosixFilePermissions(command, PosixFilePermissions.fromString("rwxr-xr-x"));

        Path store = place.resolve("server/target/demo/models");
        Path source = REPOSITORY.resolve("config/demo/models");
        List<Path> all;
        try (Stream<Path> files = Files.walk(source)) {
            all = files.toList();
        }
        Files.createDirectories(store.getParent());
        for (Path each : all) {
            Files.copy(each, store.resolve(source.relativize(each).toString()));
        }
        // What was just written could still be being written, and the server would wait.
        FileTime longAgo = FileTime.from(Instant.now().minus(Duration.ofHours(1)));
        for (Path each : all.reversed()) {
            Files.setLastModifiedTime(store.resolve(source.relativize(each).toString()), longAgo);
        }
        return store;
    }

    /** Runs all blocks in one shell, so that an alias lives on; what each of them printed. */
    private List<String> run(List<Block> blocks, ServerProcess server) throws Exception {
        StringBuilder script = new StringBuilder("shopt -s expand_aliases\nset -e\n");
        for (int i = 0; i < blocks.size(); i++) {
            // A body of HTTP ends without a line end.
            script.append("printf '\\n%s\\n' '").append(BLOCK_MARK).append(i).append("'\n");
            script.append(blocks.get(i).commands()).append('\n');
        }
        String commands =
                script.toString()
                        .replace("127.0.0.1:8000", "127.0.0.1:" + server.httpPort())
                        .replace("127.0.0.1:8002", "127.0.0.1:" + server.metricsPort())
                        .replace("127.0.0.1:8003", "127.0.0.1:" + server.adminPort());
        Path file = Files.writeString(place.resolve("script.sh"), commands);
        Path output = place.resolve("output.txt");
        ProcessBuilder builder =
                new ProcessBuilder("bash", file.toString())
                        .directory(place.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile());
        builder.environment().put("PENSTOCK_HTTP", "127.0.0.1:" + server.httpPort());
        builder.environment().put("PENSTOCK_GRPC", "127.0.0.1:" + server.grpcPort());
        builder.environment().put("PENSTOCK_SERVER", "127.0.0.1:" + server.adminPort());
        Process shell = builder.start();
        shell.getOutputStream().close();
        boolean isDone = shell.waitFor(TUTORIAL_SECONDS, TimeUnit.SECONDS);
        if (!isDone) {
            shell.destroyForcibly().waitFor();
        }
        String all = Files.readString(output, StandardCharsets.UTF_8);
        assertTrue(isDone && shell.exitValue() == 0, "the script did not get through:\n" + all);
        String[] parts = all.split("(?m)^" + BLOCK_MARK + "\\d+$", -1);
        return List.of(parts).subList(1, parts.length);
    }
}
