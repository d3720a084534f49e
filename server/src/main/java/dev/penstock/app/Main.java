package dev.penstock.app;

import dev.penstock.cli.Cli;
import dev.penstock.config.ConfigReader;

/** Where the process begins. */
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        ConfigReader<GatewayConfig> reader = GatewayConfig.reader();
        System.exit(Cli.commandLine(ServeCommand.commandLine(reader), reader).execute(args));
    }
}
