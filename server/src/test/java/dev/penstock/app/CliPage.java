package dev.penstock.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import tools.jackson.databind.JsonNode;

/** The page of all commands, and what it must say of the program's. */
record CliPage(String text) {
    private static final Pattern PROMISE = Pattern.compile("\\| `([a-z ]+)` \\| (.*) \\|");
    private static final Pattern CODE = Pattern.compile("`([^`]+)`");

    /** Options that every command of a group has, which the page explains once. */
    private static final List<String> COMMON =
            List.of("--server", "--token-file", "--timeout", "--output", "--help", "--version");

    /**
     * What the JSON of a command has.
     *
     * @param fields paths with dots, and {@code []} for the first of a list
     */
    record Promise(String command, List<String> fields) {}

    static CliPage read() throws IOException {
        return new CliPage(
                Files.readString(
                        Path.of(System.getProperty("penstock.basedir"), "docs/reference/cli.md")));
    }

    /** The part under a heading of the second level, without it. */
    String section(String heading) {
        int at = text.indexOf("\n## " + heading + "\n");
        if (at < 0) {
            return "";
        }
        int start = text.indexOf('\n', at + 1) + 1;
        int end = text.indexOf("\n## ", start);
        return end < 0 ? text.substring(start) : text.substring(start, end);
    }

    List<Promise> promises() {
        List<Promise> promises = new ArrayList<>();
        for (Matcher row = PROMISE.matcher(section("JSON")); row.find(); ) {
            List<String> fields =
                    CODE.matcher(row.group(2)).results().map(code -> code.group(1)).toList();
            promises.add(new Promise(row.group(1), fields));
        }
        return promises;
    }

    static boolean has(JsonNode json, String field) {
        JsonNode at = json;
        for (String part : field.split("\\.", -1)) {
            boolean isList = part.endsWith("[]");
            String name = isList ? part.substring(0, part.length() - 2) : part;
            at = name.isEmpty() ? at : at.path(name);
            at = isList ? at.path(0) : at;
        }
        return !at.isMissingNode();
    }

    /** The commands whose answer can be one JSON document, sorted. */
    static List<String> commandsWithJson() {
        return commands()
                .filter(spec -> spec.findOption("--output") != null)
                .map(CliPage::name)
                // Its output has no end.
                .filter(name -> !name.endsWith(" tail"))
                .sorted()
                .toList();
    }

    private static String name(CommandSpec spec) {
        return spec.qualifiedName().substring("penstock ".length());
    }

    private static Stream<CommandSpec> commands() {
        return CommandLineRun.program().getSubcommands().values().stream()
                .flatMap(line ->
                        line.getSubcommands().isEmpty()
                                ? Stream.of(line)
                                : line.getSubcommands().values().stream())
                .distinct()
                .map(CommandLine::getCommandSpec);
    }

    /** What must stand under the heading {@code Commands}. */
    static String commandsText() {
        StringBuilder text = new StringBuilder();
        commands()
                .filter(spec -> !spec.name().equals("help"))
                .forEach(spec -> {
                    text.append("\n### ").append(name(spec)).append("\n\n");
                    describe(spec, text);
                });
        return text.toString();
    }

    private static void describe(CommandSpec spec, StringBuilder text) {
        String[] said = spec.usageMessage().description();
        text.append(String.join(" ", said)).append('\n');
        List<String> rows = new ArrayList<>();
        for (PositionalParamSpec each : spec.positionalParameters()) {
            rows.add(row(each.paramLabel(), each));
        }
        // The flags of serve are settings, which have a page of their own.
        boolean isServe = spec.name().equals("serve");
        for (OptionSpec each : spec.options()) {
            boolean isTold =
                    !isServe || List.of("--config", "--check-only").contains(each.longestName());
            if (isTold && (!COMMON.contains(each.longestName()) || isOwnVersion(each))) {
                String label = each.arity().max() == 0 ? "" : " " + each.paramLabel();
                rows.add(row(String.join(", ", each.names()) + label, each));
            }
        }
        if (!rows.isEmpty()) {
            text.append("\n| word | meaning |\n|---|---|\n");
            rows.forEach(row -> text.append(row).append('\n'));
        }
    }

    // Commands about versions of models have an option of the name that elsewhere shows penstock's.
    private static boolean isOwnVersion(OptionSpec option) {
        return option.longestName().equals("--version") && !option.versionHelp();
    }

    private static String row(String label, ArgSpec of) {
        String meaning =
                String.join(" ", of.description())
                        .replace("${DEFAULT-VALUE}", String.valueOf(of.defaultValue()))
                        .replace("${COMPLETION-CANDIDATES}", "table, json");
        return "| `" + label + "` | " + meaning.replace("|", "\\|") + " |";
    }
}
