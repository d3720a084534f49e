package dev.penstock.app;

import dev.penstock.cli.Cli;

/** Where the process begins. */
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        System.exit(Cli.commandLine(new ServeCommand()).execute(args));
    }
}
