package dev.penstock.cli;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code penstock route set}. */
@Command(
        name = "set",
        description = "Split a model's traffic. What is missing to 100 percent goes to stable.",
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {
            "",
            "A change is in force when the command returns: versions that it needs are loaded first.",
            "Key, rules and shadow stay as they are unless they are named.",
            "",
            "Examples:",
            "  penstock route set penguins 2=10 --reason \"first canary\"",
            "  penstock route set penguins 1=50 2=50 --key header:x-user-id --reason \"half\"",
            "  penstock route set penguins --shadow 3=0.5 --reason \"try version 3\""
        })
final class RouteSetCommand implements Callable<Integer> {
    private static final String NONE = "none";

    @Spec private @Nullable CommandSpec spec;

    @Parameters(index = "0", paramLabel = "MODEL", description = "The model's name.")
    private String model = "";

    @Parameters(
            index = "1..*",
            arity = "0..*",
            paramLabel = "VERSION=PERCENT",
            description = "What each version gets; none keeps what each has.")
    private List<String> shares = List.of();

    @Option(
            names = "--stable",
            paramLabel = "V",
            description = "The stable version (default: the one that is, else the largest share).")
    private @Nullable String stable;

    @Option(
            names = "--key",
            paramLabel = "KEY",
            description = "What keeps a caller on one arm: header:NAME, caller, or none.")
    private @Nullable String key;

    @Option(
            names = "--shadow",
            paramLabel = "V=FRACTION",
            description = "Ask this version beside, for a fraction up to 1; or none.")
    private @Nullable String shadow;

    @Option(
            names = {"-f", "--file"},
            paramLabel = "FILE",
            description = "Put this document in force instead.")
    private @Nullable Path file;

    @Option(names = "--follow", description = "Follow the newest ready version again.")
    private boolean follows;

    @Option(
            names = "--reason",
            paramLabel = "TEXT",
            required = true,
            description = "Why; goes to the audit log.")
    private String reason = "";

    @Mixin private Consent consent = new Consent();

    @Mixin private AdminOptions options = new AdminOptions();

    @Override
    public Integer call() throws InterruptedException {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        boolean isEdited = !shares.isEmpty() || stable != null || key != null || shadow != null;
        if ((follows ? 1 : 0) + (file != null ? 1 : 0) + (isEdited ? 1 : 0) != 1) {
            throw CommandFailure.usage(
                    "say what to set: shares, --key or --shadow; or -f FILE; or --follow",
                    "penstock route set --help");
        }
        String path = "/routes/" + AdminClient.part(model);
        try (AdminClient client = options.client()) {
            AdminClient.Answer now = client.get(path);
            RouteEdit edit = new RouteEdit(now.body());
            if (follows) {
                AdminClient.Answer done =
                        RouteRemoveCommand.remove(
                                new RouteChangeCommand.Asked(
                                        client, path, now, reason, consent, command));
                RouteGetCommand.show(done.body(), options, command);
                return ExitCode.OK;
            }
            ObjectNode document = file != null ? read(file) : edited(edit);
            document.put("reason", reason);
            consent.ask(command, edit.plan(document));
            AdminClient.Answer done =
                    client.change("PUT", path + consent.query(), now.tag(), document);
            RouteGetCommand.show(done.body(), options, command);
            return ExitCode.OK;
        }
    }

    private ObjectNode edited(RouteEdit edit) {
        ObjectNode document = edit.with(shares, stable);
        if (key != null) {
            document.remove("key");
            if (key.equals("caller")) {
                document.putObject("key").put("caller", true);
            } else if (key.startsWith("header:")) {
                document.putObject("key").put("header", key.substring("header:".length()));
            } else if (!key.equals(NONE)) {
                throw CommandFailure.usage(
                        "key is '" + key + "', must be header:NAME, caller or none", null);
            }
        }
        if (shadow != null) {
            document.remove("shadow");
            if (!shadow.equals(NONE)) {
                putShadow(document, shadow);
            }
        }
        return document;
    }

    private static void putShadow(ObjectNode document, String text) {
        int equals = text.indexOf('=');
        try {
            BigDecimal fraction = new BigDecimal(text.substring(equals + 1));
            document.putObject("shadow")
                    .put("version", text.substring(0, Math.max(0, equals)))
                    .put("fraction", fraction);
        } catch (NumberFormatException e) {
            throw CommandFailure.usage(
                    "shadow is '" + text + "', must be VERSION=FRACTION as in 3=0.5, or none",
                    null);
        }
    }

    private static ObjectNode read(Path file) {
        try {
            JsonNode document = Json.MAPPER.readTree(Files.readAllBytes(file));
            if (document instanceof ObjectNode object) {
                return object;
            }
            throw CommandFailure.usage(file + " holds no JSON object", null);
        } catch (IOException e) {
            throw CommandFailure.usage("cannot read " + file, null);
        } catch (JacksonException e) {
            throw CommandFailure.usage(file + " is not JSON: " + e.getOriginalMessage(), null);
        }
    }
}
