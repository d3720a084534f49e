package dev.penstock.app;

import dev.penstock.cli.Cli;
import dev.penstock.config.ConfigReader;
import java.io.PrintWriter;
import java.io.StringWriter;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a command printed and ended with, run in the process of the test. */
record CommandLineRun(int exitCode, String out, String err) {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** The program's whole command line. */
    static CommandLine program() {
        ConfigReader<GatewayConfig> reader = GatewayConfig.reader();
        return Cli.commandLine(ServeCommand.commandLine(reader), reader);
    }

    static CommandLineRun of(String... words) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exitCode =
                program().setOut(new PrintWriter(out)).setErr(new PrintWriter(err)).execute(words);
        return new CommandLineRun(exitCode, out.toString(), err.toString());
    }

    JsonNode json() {
        return JSON.readTree(out);
    }

    /** All of it, for the message of a test. */
    @Override
    public String toString() {
        return "exit code " + exitCode + "\n" + out + err;
    }
}
