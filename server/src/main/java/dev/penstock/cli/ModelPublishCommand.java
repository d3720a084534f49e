package dev.penstock.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** {@code penstock model publish}. */
@Command(
        name = "publish",
        description = "Upload a new version, check it, load it; it takes no traffic yet.",
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {
            "",
            "A model that follows its newest version is first pinned to the one that serves;",
            "--serve leaves it following.",
            "",
            "Examples:",
            "  penstock model publish penguins model.onnx --note \"small network\"",
            "  penstock model publish penguins model.onnx --version 7 --dry-run"
        })
final class ModelPublishCommand implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;

    @Parameters(index = "0", paramLabel = "MODEL", description = "The model's name.")
    private String model = "";

    @Parameters(index = "1", paramLabel = "FILE", description = "The ONNX model.")
    private Path file = Path.of("");

    @Option(
            names = "--version",
            paramLabel = "N",
            description = "Its number (default: one more than the highest).")
    private @Nullable String version;

    @Option(names = "--note", paramLabel = "TEXT", description = "What is new; shown beside it.")
    private @Nullable String note;

    @Option(names = "--serve", description = "Let a model that follows go on following.")
    private boolean serves;

    @Mixin private Consent consent = new Consent();

    @Mixin private AdminOptions options = new AdminOptions();

    @Override
    public Integer call() throws InterruptedException {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        if (!Files.isRegularFile(file)) {
            throw CommandFailure.usage("no file " + file, null);
        }
        if (serves) {
            consent.ask(
                    command,
                    List.of(model + "  follows its newest version, which this one may become"));
        }
        try (AdminClient client = options.client()) {
            String boundary = "penstock-" + UUID.randomUUID();
            HttpRequest.Builder request =
                    HttpRequest.newBuilder(
                                    client.uri(
                                            "/models/"
                                                    + AdminClient.part(model)
                                                    + "/versions"
                                                    + query()))
                            .header("content-type", "multipart/form-data; boundary=" + boundary)
                            .POST(
                                    BodyPublishers.fromPublisher(
                                            BodyPublishers.ofInputStream(() -> body(boundary)),
                                            length(boundary)));
            JsonNode operation = client.exchange(request).body();
            OperationWatch watch = new OperationWatch(client, command.getErr());
            if (consent.isDryRun()) {
                operation.path("steps").forEach(watch::print);
                report(operation, command);
                return ExitCode.OK;
            }
            String id = RouteTable.text(operation, "id");
            JsonNode done = watch.await("/operations/" + id, Duration.ofMinutes(10));
            report(done, command);
            if (!options.isJson()) {
                tellTraffic(client, RouteTable.text(done, "version"), command);
            }
            return ExitCode.OK;
        }
    }

    private String query() {
        List<String> parts =
                List.of(serves ? "serve=true" : "", consent.isDryRun() ? "dry_run=true" : "")
                        .stream()
                        .filter(part -> !part.isEmpty())
                        .toList();
        return parts.isEmpty() ? "" : "?" + String.join("&", parts);
    }

    private long length(String boundary) {
        try {
            return Files.size(file) + head(boundary).length + tail(boundary).length;
        } catch (IOException e) {
            throw CommandFailure.usage("cannot read " + file, null);
        }
    }

    private InputStream body(String boundary) {
        try {
            return new SequenceInputStream(
                    Collections.enumeration(
                            List.of(
                                    new java.io.ByteArrayInputStream(head(boundary)),
                                    Files.newInputStream(file),
                                    new java.io.ByteArrayInputStream(tail(boundary)))));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private byte[] head(String boundary) {
        StringBuilder head = new StringBuilder();
        field(head, boundary, "version", version);
        field(head, boundary, "note", note);
        head.append("--").append(boundary).append("\r\n");
        head.append("content-disposition: form-data; name=\"model\"; filename=\"model.onnx\"\r\n");
        head.append("content-type: application/octet-stream\r\n\r\n");
        return head.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static void field(
            StringBuilder head, String boundary, String name, @Nullable String value) {
        if (value != null) {
            head.append("--").append(boundary).append("\r\n");
            head.append("content-disposition: form-data; name=\"")
                    .append(name)
                    .append("\"\r\n\r\n");
            head.append(value).append("\r\n");
        }
    }

    private static byte[] tail(String boundary) {
        return ("\r\n--" + boundary + "--\r\n").getBytes(StandardCharsets.UTF_8);
    }

    private void report(JsonNode done, CommandLine command) {
        if (options.isJson()) {
            Json.print(done, command.getOut());
            return;
        }
        String name = model + " v" + RouteTable.text(done, "version");
        if (consent.isDryRun()) {
            String what = name + " could be published (dry run, nothing kept)";
            command.getOut().println(Printable.line(what));
            command.getOut().flush();
        }
    }

    private void tellTraffic(AdminClient client, String number, CommandLine command)
            throws InterruptedException {
        JsonNode route = client.get("/routes/" + AdminClient.part(model)).body();
        boolean follows = route.path("follows").asBoolean(false);
        String what =
                follows ? "; traffic goes to the newest version" : " and takes no traffic yet";
        command.getOut().println(Printable.line(model + " v" + number + " is ready" + what));
        command.getOut().flush();
        if (!follows) {
            String next = "next: penstock route set " + model + " " + number + "=10 --reason TEXT";
            command.getErr().println(Printable.line(next));
            command.getErr().flush();
        }
    }
}
