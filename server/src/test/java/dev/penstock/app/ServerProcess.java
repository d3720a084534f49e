package dev.penstock.app;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A real penstock process on free ports, started as the launcher starts it, with the class path of
 * the tests.
 */
final class ServerProcess implements AutoCloseable {
    private static final Pattern FACT =
            Pattern.compile(
                    "\\{\"fact\":\"(\\w+)\".*?\"address\":\"(?:http://)?127\\.0\\.0\\.1:(\\d+)");

    private final Process process;
    private final Map<String, Integer> ports = new ConcurrentHashMap<>();
    private final List<String> lines = Collections.synchronizedList(new ArrayList<>());
    private final CountDownLatch ready = new CountDownLatch(1);
    private final Thread reader;

    private ServerProcess(Process process) {
        this.process = process;
        this.reader = Thread.ofPlatform().daemon().start(this::read);
    }

    /** Starts and waits until it says that it is ready. */
    static ServerProcess start(Path models, List<String> jvm, String... flags) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvm);
        command.addAll(
                List.of(
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:+UseCompactObjectHeaders",
                        "-Donnxruntime.native.path="
                                + System.getProperty("onnxruntime.native.path"),
                        "-cp",
                        System.getProperty("java.class.path"),
                        "-Dlogback.configurationFile=none",
                        "dev.penstock.app.Main",
                        "serve",
                        "--models",
                        models.toString()));
        if (!List.of(flags).contains("--data")) {
            command.add("--data");
            command.add(Files.createTempDirectory("penstock-data").toString());
        }
        for (String listener : List.of("--http", "--grpc", "--metrics", "--admin")) {
            command.add(listener);
            command.add("127.0.0.1:0");
        }
        command.addAll(List.of(flags));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().remove("ORT_LOAD_CONFIG_FROM_MODEL");
        ServerProcess server = new ServerProcess(builder.start());
        if (!server.ready.await(60, TimeUnit.SECONDS) || !server.process.isAlive()) {
            String said = String.join("\n", server.lines);
            server.process.destroyForcibly();
            throw new AssertionError("server did not start:\n" + said);
        }
        return server;
    }

    private void read() {
        try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                lines.add(line);
                Matcher fact = FACT.matcher(line);
                if (fact.find()) {
                    ports.put(fact.group(1), Integer.parseInt(fact.group(2)));
                }
                if (line.startsWith("{\"fact\":\"ready\"")) {
                    ready.countDown();
                }
            }
        } catch (IOException e) {
            lines.add("reading its output failed: " + e);
        }
        ready.countDown();
    }

    int httpPort() {
        return ports.get("http");
    }

    int grpcPort() {
        return ports.get("grpc");
    }

    int metricsPort() {
        return ports.get("metrics");
    }

    int adminPort() {
        return ports.get("admin");
    }

    long pid() {
        return process.pid();
    }

    /** The sum of a metric over all its series that hold this text; 0 if there is none. */
    double metric(String name, String label) throws IOException {
        try (HttpCaller caller = new HttpCaller(metricsPort())) {
            return caller.get("/metrics")
                    .text()
                    .lines()
                    .filter(line -> line.matches(name + "[ {].*") && line.contains(label))
                    .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                    .sum();
        }
    }

    /** What it printed and logged so far. */
    String output() {
        synchronized (lines) {
            return String.join("\n", lines);
        }
    }

    /** Sends SIGTERM. */
    void terminate() {
        process.destroy();
    }

    /** Ends it as the system does when it must: nothing is said to it. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** The exit code; waits at most that long. */
    int awaitExit(long seconds) throws InterruptedException {
        if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("server did not stop:\n" + output());
        }
        reader.join(TimeUnit.SECONDS.toMillis(5));
        return process.exitValue();
    }

    /** Resident memory, in bytes. */
    long residentBytes() throws IOException {
        for (String line :
                Files.readAllLines(Path.of("/proc", Long.toString(process.pid()), "status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
            }
        }
        throw new AssertionError("no VmRSS");
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
