package dev.penstock.bench;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A process that we started: we speak to it by lines, and end it. */
final class Child implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 10;

    private final String name;
    private final Process process;
    private final BufferedReader answers;
    private final Writer questions;

    private Child(String name, Process process) {
        this.name = name;
        this.process = process;
        this.answers = process.inputReader(StandardCharsets.US_ASCII);
        this.questions =
                new OutputStreamWriter(process.getOutputStream(), StandardCharsets.US_ASCII);
    }

    /**
     * Starts a command.
     *
     * @param log takes its standard error, and its standard output too if it is not one of ours
     */
    static Child start(String name, List<String> command, Path log, boolean isOurs)
            throws IOException {
        File file = log.toFile();
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.appendTo(file));
        // ONNX Runtime's telemetry would read, write and send beside the work that is measured, and
        // overflows its stack when the command line has some thousand characters.
        builder.environment().put("ORT_DISABLE_TELEMETRY", "1");
        if (!isOurs) {
            builder.redirectOutput(ProcessBuilder.Redirect.appendTo(file));
        }
        return new Child(name, builder.start());
    }

    /** Starts a main class of this module with our own Java and class path. */
    static Child java(String name, Class<?> main, List<String> options, List<String> args, Path log)
            throws IOException {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElse("java"));
        command.add("--enable-native-access=ALL-UNNAMED");
        command.add("--sun-misc-unsafe-memory-access=allow");
        command.addAll(options);
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(main.getName());
        command.addAll(args);
        return start(name, command, log, true);
    }

    long pid() {
        return process.pid();
    }

    /** Fails when the process is gone. */
    void checkAlive() throws IOException {
        if (!process.isAlive()) {
            throw new IOException(name + " ended with " + process.exitValue());
        }
    }

    /** The next line it says. */
    String listen() throws IOException {
        String line = answers.readLine();
        if (line == null) {
            throw new IOException(name + " ended without an answer");
        }
        return line;
    }

    /** Sends one line and waits for one. */
    String ask(String line) throws IOException {
        questions.write(line + "\n");
        questions.flush();
        return listen();
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
