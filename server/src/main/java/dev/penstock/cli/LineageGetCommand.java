package dev.penstock.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.PublicKey;
import java.util.Objects;
import java.util.StringJoiner;
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

/** {@code penstock lineage get}: all that is known of one prediction. */
@Command(
        name = "get",
        aliases = "show",
        description = "Show all that is known of a prediction, and why it has no record.",
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {
            "",
            "The id is the penstock-prediction-id of the answer.",
            "",
            "Examples:",
            "  penstock lineage get 0192f1c3-7a5e-7c11-8a2b-3c4d5e6f7081",
            "  penstock lineage get 0192f1c3-7a5e-7c11-8a2b-3c4d5e6f7081 --proof proof.json"
        })
final class LineageGetCommand implements Callable<Integer> {
    private static final int NOT_FOUND = 404;

    @Spec private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "ID", description = "The prediction's id.")
    private String id = "";

    @Option(
            names = "--model",
            paramLabel = "NAME",
            description = "Where there is no record, say why not of this model.")
    private @Nullable String model;

    @Option(
            names = "--proof",
            paramLabel = "FILE",
            description = "Write the proof of the record that answered to this new file, as JSON.")
    private @Nullable Path proofFile;

    @Option(
            names = "--key",
            paramLabel = "PUB",
            description = "Check the signature of the segment, too, with this public key.")
    private @Nullable Path keyFile;

    @Option(
            names = "--blobs",
            description =
                    "With -o json, give tensors of up to 1 MiB that lie in a file of their own.")
    private boolean hasBlobs;

    @Option(
            names = "--no-values",
            description = "Leave values out; the audit log then gets no entry.")
    private boolean isWithoutValues;

    @Mixin private AdminOptions options = new AdminOptions();

    @Override
    public Integer call() throws InterruptedException {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        PublicKey key = keyFile == null ? null : LineageProof.key(keyFile);
        if (proofFile != null && Files.exists(proofFile)) {
            throw new CommandFailure(
                    ExitCode.CONFLICT, proofFile + " is there already", null, "name another file");
        }
        try (AdminClient client = options.client()) {
            StringJoiner query = new StringJoiner("&", "?", "");
            AuditCommand.add(query, "model", model);
            AuditCommand.add(query, "blobs", hasBlobs ? "true" : null);
            AuditCommand.add(query, "payload", isWithoutValues ? "false" : null);
            String path = "/lineage/" + AdminClient.part(id);
            AdminClient.Answer answer =
                    client.get(query.length() == 1 ? path : path + query, NOT_FOUND);
            if (answer.status() == NOT_FOUND) {
                throw notRecorded(client, answer.body());
            }
            String fault = faultOfProofs(answer.body(), key);
            if (options.isJson()) {
                Json.print(answer.body(), command.getOut());
            } else {
                new LineageSheet(command).print(answer.body(), key != null);
            }
            if (fault != null) {
                throw new CommandFailure(
                        ExitCode.REFUSED, "the proof does not hold: " + fault, null, null);
            }
            if (proofFile != null) {
                write(answer.body(), proofFile, command.getErr());
            }
            return ExitCode.OK;
        }
    }

    private static @Nullable String faultOfProofs(JsonNode found, @Nullable PublicKey key) {
        for (JsonNode kept : found.path("records")) {
            JsonNode proof = kept.path("place").path("proof");
            // Without values there is no line to be proven.
            if (proof.has("line")) {
                String fault = LineageProof.fault(proof, kept.path("record"), key);
                if (fault != null) {
                    return fault;
                }
            }
        }
        return null;
    }

    private CommandFailure notRecorded(AdminClient client, JsonNode problem) {
        if (!RouteTable.text(problem, "code").equals("NOT_RECORDED")) {
            return client.refusal(NOT_FOUND, problem);
        }
        String why = RouteTable.text(problem, "why");
        StringJoiner known = new StringJoiner(", ");
        if (problem.path("u").isNumber()) {
            known.add("u = " + problem.path("u").asString(""));
        }
        problem.path("rates")
                .forEachEntry((name, rate) -> known.add(name + " kept u < " + rate.asString("")));
        boolean isAsked = model != null || !why.isEmpty();
        return new CommandFailure(
                ExitCode.NOT_FOUND,
                "no record of " + id + (why.isEmpty() ? "" : ": " + why),
                known.length() == 0 ? null : known.toString(),
                isAsked ? null : "name its model with --model to be told why");
    }

    private static void write(JsonNode found, Path file, PrintWriter err) {
        JsonNode best = null;
        String note = "there is no record that answered";
        for (JsonNode kept : found.path("records")) {
            JsonNode place = kept.path("place");
            boolean isPrimary = RouteTable.text(kept.path("record"), "kind").equals("primary");
            if (place.path("proof").isObject() && (best == null || isPrimary)) {
                best = place.path("proof");
            } else if (isPrimary) {
                note = RouteTable.text(place, "note");
            }
        }
        if (best == null) {
            throw new CommandFailure(
                    ExitCode.CONFLICT, "there is no proof of it", note, "try again later");
        }
        try {
            Files.writeString(file, Json.text(best) + "\n", StandardOpenOption.CREATE_NEW);
        } catch (IOException e) {
            throw new CommandFailure(
                    ExitCode.REFUSED, "cannot write " + file, Failures.reason(e), null);
        }
        err.println(Printable.line("the proof is in " + file));
        err.flush();
    }
}
