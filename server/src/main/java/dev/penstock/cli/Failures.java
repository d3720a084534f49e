package dev.penstock.cli;

import java.time.Duration;

/** The failures that both connections know. */
final class Failures {
    private Failures() {}

    static CommandFailure unreachable(HostPort server, String reason) {
        return new CommandFailure(
                ExitCode.UNREACHABLE,
                "no server at " + server,
                reason,
                "start one with penstock serve, or name its address with --http or --grpc");
    }

    static CommandFailure timeout(HostPort server, Duration timeout) {
        return new CommandFailure(
                ExitCode.TIMEOUT,
                server + " did not answer in " + DurationText.of(timeout),
                null,
                "wait longer with --timeout, or look at the server's log");
    }

    static CommandFailure notPenstock(HostPort server, String reason) {
        return new CommandFailure(
                ExitCode.UNREACHABLE,
                server + " does not speak the Open Inference Protocol",
                reason,
                "name the address of a penstock server with --http or --grpc");
    }

    /**
     * @param protocol that the command spoke
     * @param other that is probably spoken there
     */
    static CommandFailure wrongPort(HostPort server, String protocol, String other, String reason) {
        return new CommandFailure(
                ExitCode.UNREACHABLE,
                server + " does not speak " + protocol + "; is it the " + other + " port?",
                reason,
                "name the address of a penstock server with --http or --grpc");
    }

    /** The innermost cause that says something. */
    static String reason(Throwable failure) {
        String reason = failure.getClass().getSimpleName();
        for (Throwable each = failure; each != null; each = each.getCause()) {
            String message = each.getMessage();
            if (message != null && !message.isEmpty()) {
                reason = message;
            } else if (each instanceof java.nio.channels.UnresolvedAddressException) {
                reason = "the host name is unknown";
            } else if (each instanceof java.net.ConnectException) {
                reason = "connection refused";
            }
        }
        // The native transport puts its own words and numbers around it.
        return reason.endsWith("Connection refused") ? "connection refused" : reason;
    }
}
