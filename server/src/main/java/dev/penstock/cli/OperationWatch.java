package dev.penstock.cli;

import dev.penstock.runtime.Ticker;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;

/** Follows an operation of the server to its end, and prints each step as it is done. */
final class OperationWatch {
    private static final int NAME_CHARS = 12;
    private static final long LOOK_MILLIS = 100;

    private final AdminClient client;
    private final PrintWriter err;
    private final ProgressLine progress;
    private int printed;

    /**
     * @param err where the steps go
     */
    OperationWatch(AdminClient client, PrintWriter err) {
        this.client = client;
        this.err = err;
        this.progress = new ProgressLine(" ", err);
    }

    /**
     * The operation when it was done.
     *
     * @param path of the operation, below the base of the API
     * @throws CommandFailure when it failed, was cancelled, or took longer than {@code atMost}
     */
    JsonNode await(String path, Duration atMost) throws InterruptedException {
        long until = Ticker.SYSTEM.nanos() + atMost.toNanos();
        while (true) {
            JsonNode operation = client.get(path).body();
            show(operation.path("steps"));
            switch (RouteTable.text(operation, "state")) {
                case "done" -> {
                    return operation;
                }
                case "failed", "cancelled" -> throw failure(operation);
                default -> {}
            }
            if (Ticker.SYSTEM.nanos() - until > 0) {
                throw new CommandFailure(
                        ExitCode.TIMEOUT,
                        "it is not done in " + DurationText.of(atMost),
                        null,
                        "it goes on; look with penstock model ls");
            }
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        }
    }

    /** Prints the steps that are over and were not printed yet. */
    void show(JsonNode steps) {
        progress.clear();
        while (printed < steps.size()
                && !RouteTable.text(steps.get(printed), "state").equals("running")) {
            print(steps.get(printed++));
        }
        JsonNode running = steps.path(printed);
        if (running.path("detail").isString()) {
            progress.show(
                    RouteTable.text(running, "name") + "  " + RouteTable.text(running, "detail"));
        }
    }

    /** Prints a step, be it over or not. */
    void print(JsonNode step) {
        String name = RouteTable.text(step, "name");
        String padded = name + " ".repeat(Math.max(1, NAME_CHARS - name.length()));
        String word = RouteTable.text(step, "state").equals("failed") ? "failed" : "ok";
        err.println(Printable.line("  " + padded + step.path("detail").asString(word)));
        err.flush();
    }

    private static CommandFailure failure(JsonNode operation) {
        JsonNode problem = operation.path("problem");
        String hint = RouteTable.text(problem, "hint");
        String detail = problem.path("detail").asString("the operation was cancelled");
        int code = AdminClient.exitCode(problem.path("status").asInt(409));
        return new CommandFailure(code, detail, null, hint.isEmpty() ? null : hint);
    }
}
