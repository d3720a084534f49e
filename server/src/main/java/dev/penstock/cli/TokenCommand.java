package dev.penstock.cli;

import dev.penstock.access.Right;
import dev.penstock.access.Token;
import dev.penstock.access.TokenFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code penstock token}: makes, lists and revokes the tokens of a token file; asks no server. */
@Command(
        name = "token",
        description = "Make, list and revoke the tokens that callers of a server send.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        usageHelpAutoWidth = true,
        footer = {
            "",
            "A server reads its token file again by itself, within a second.",
            "",
            "Examples:",
            "  penstock token create ci --rights predict,observe",
            "  penstock token ls",
            "  penstock token revoke ci"
        })
final class TokenCommand {
    private TokenCommand() {}

    static CommandLine line() {
        return new CommandLine(new TokenCommand())
                .addSubcommand(new Create(InstantSource.system()))
                .addSubcommand(new Ls())
                .addSubcommand(new Revoke());
    }

    /** What the three have in common. */
    abstract static class OfFile implements Callable<Integer> {
        @Spec @Nullable CommandSpec spec;

        @Option(
                names = {"-h", "--help"},
                usageHelp = true,
                description = "Show this help and exit.")
        boolean wantsHelp;

        @Option(
                names = "--tokens",
                paramLabel = "FILE",
                defaultValue = "penstock-data/tokens",
                description = "The token file (default: ${DEFAULT-VALUE}).")
        private Path file = Path.of("penstock-data/tokens");

        @Option(
                names = {"-o", "--output"},
                paramLabel = "FORM",
                description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).",
                defaultValue = "table")
        Output output = Output.TABLE;

        @Override
        public final Integer call() {
            try {
                return run(new TokenFile(file));
            } catch (IllegalArgumentException e) {
                throw CommandFailure.usage(String.valueOf(e.getMessage()), null);
            } catch (IOException e) {
                throw new CommandFailure(
                        ExitCode.REFUSED,
                        "tokens is " + file + ", which cannot be written",
                        e.toString(),
                        "the folder must exist and be yours; name another file with --tokens");
            }
        }

        abstract int run(TokenFile tokens) throws IOException;

        CommandLine commandLine() {
            return Objects.requireNonNull(spec).commandLine();
        }

        void json(Object value) {
            Json.print(value, commandLine().getOut());
        }

        static Map<String, Object> facts(Token token) {
            Map<String, Object> facts = new LinkedHashMap<>();
            facts.put("name", token.name());
            facts.put("id", token.id());
            facts.put("rights", List.of(Right.textOf(token.rights()).split(",", -1)));
            facts.put("created", token.created() == null ? null : token.created().toString());
            return facts;
        }
    }

    @Command(
            name = "create",
            description =
                    "Make a token and print its secret, which is shown this once and kept nowhere.",
            sortOptions = false,
            usageHelpAutoWidth = true,
            footer = {
                "",
                "Exit codes: 0 made, 1 the file cannot be written, 2 usage, 4 the name is taken.",
                "",
                "Examples:",
                "  penstock token create ci --rights predict,observe > ci.token",
                "  penstock token create ci --rights predict,observe --rotate > ci-new.token"
            })
    private static final class Create extends OfFile {
        private final InstantSource clock;

        @Parameters(
                index = "0",
                paramLabel = "NAME",
                description = "Whose it is; what the server calls the caller.")
        private String name = "";

        @Option(
                names = "--rights",
                paramLabel = "RIGHTS",
                required = true,
                description = "Of predict, observe, lineage-read and admin, with commas between.")
        private String rights = "";

        @Option(
                names = "--rotate",
                description = "Add one more token to a name that has one; both are good then.")
        private boolean isSecond;

        Create(InstantSource clock) {
            this.clock = clock;
        }

        @Override
        int run(TokenFile tokens) throws IOException {
            Set<Right> wanted;
            try {
                wanted = Right.parseList(rights);
            } catch (IllegalArgumentException e) {
                throw new ParameterException(commandLine(), String.valueOf(e.getMessage()), e);
            }
            TokenFile.Created created =
                    tokens.create(
                            name,
                            wanted,
                            clock.instant().truncatedTo(ChronoUnit.SECONDS),
                            isSecond);
            if (created == null) {
                throw new CommandFailure(
                        ExitCode.CONFLICT,
                        "there is a token named " + name,
                        null,
                        "add --rotate for one more under that name, or revoke it first");
            }
            if (output == Output.JSON) {
                Map<String, Object> facts = facts(created.token());
                facts.put("secret", created.secret());
                json(facts);
                return ExitCode.OK;
            }
            PrintWriter out = commandLine().getOut();
            out.println(created.secret());
            out.flush();
            PrintWriter err = commandLine().getErr();
            err.printf(
                    "token %s (%s) may %s; its secret is not shown again%n",
                    name, created.token().id(), Right.textOf(wanted));
            err.flush();
            return ExitCode.OK;
        }
    }

    @Command(
            name = "ls",
            description = "List the tokens; secrets are not kept and cannot be shown.",
            usageHelpAutoWidth = true,
            footer = {"", "Exit codes: 0 listed, 2 usage, or the file cannot be read."})
    private static final class Ls extends OfFile {
        @Override
        int run(TokenFile tokens) {
            List<Token> all = tokens.list();
            if (output == Output.JSON) {
                json(all.stream().map(OfFile::facts).toList());
                return ExitCode.OK;
            }
            TextTable table = TextTable.of(commandLine(), "NAME", "ID", "CREATED", "RIGHTS");
            for (Token token : all) {
                String created = token.created() == null ? "-" : token.created().toString();
                table.row(token.name(), token.id(), created, Right.textOf(token.rights()));
            }
            table.print(commandLine().getOut());
            return ExitCode.OK;
        }
    }

    @Command(
            name = "revoke",
            description = "Take tokens out of the file; who sends one is refused from then on.",
            usageHelpAutoWidth = true,
            footer = {
                "",
                "Exit codes: 0 revoked, 1 the file cannot be written, 2 usage, 3 no such token.",
                "",
                "Examples:",
                "  penstock token revoke ci",
                "  penstock token revoke ci --id 1f0c22a9"
            })
    private static final class Revoke extends OfFile {
        @Parameters(index = "0", paramLabel = "NAME", description = "Whose tokens.")
        private String name = "";

        @Option(
                names = "--id",
                paramLabel = "ID",
                description = "Only this one, as penstock token ls shows it.")
        private @Nullable String id;

        @Override
        int run(TokenFile tokens) throws IOException {
            List<Token> gone = tokens.revoke(name, id);
            if (gone.isEmpty()) {
                throw new CommandFailure(
                        ExitCode.NOT_FOUND,
                        "no token named " + name + (id == null ? "" : " with the id " + id),
                        null,
                        "penstock token ls lists them");
            }
            if (output == Output.JSON) {
                json(gone.stream().map(OfFile::facts).toList());
                return ExitCode.OK;
            }
            PrintWriter out = commandLine().getOut();
            gone.forEach(token -> out.printf("revoked %s (%s)%n", token.name(), token.id()));
            out.flush();
            return ExitCode.OK;
        }
    }
}
