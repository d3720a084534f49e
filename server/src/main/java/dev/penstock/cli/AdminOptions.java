package dev.penstock.cli;

import picocli.CommandLine.Option;

/** What every command that asks the admin API can be told, and whether it prints the answer. */
final class AdminOptions extends ServerOptions {
    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORM",
            description = "table or json; json is the API's answer (default: ${DEFAULT-VALUE}).",
            defaultValue = "table")
    private Output output = Output.TABLE;

    boolean isJson() {
        return output == Output.JSON;
    }
}
