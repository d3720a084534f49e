package dev.penstock.app;

import java.io.IOException;
import java.net.InetSocketAddress;

/** An address could not be listened on; says so in words for whoever started the server. */
final class CannotListenException extends IOException {
    private static final long serialVersionUID = 1;

    private final String next;

    private CannotListenException(String what, String next, Throwable cause) {
        super(what, cause);
        this.next = next;
    }

    /**
     * @param option that set the address
     * @param cause what the socket threw, as the native transport or Java words it
     */
    static CannotListenException of(String option, InetSocketAddress at, Throwable cause) {
        String said = said(cause);
        String host = at.getAddress() == null ? at.getHostString() : Address.host(at);
        String other = "give " + option + " HOST:PORT";
        if (said.contains("in use") || said.contains("error(-98)")) {
            return new CannotListenException(
                    "port " + at.getPort() + " (" + option + ") is in use",
                    "stop the other process or " + other,
                    cause);
        }
        if (said.contains("assign requested address") || said.contains("error(-99)")) {
            return new CannotListenException(
                    host + " (" + option + ") is no address of this machine",
                    other + " with an address of this machine, or 0.0.0.0 for all of them",
                    cause);
        }
        if (said.contains("Permission denied") || said.contains("error(-13)")) {
            return new CannotListenException(
                    "port " + at.getPort() + " (" + option + ") is not open to this user",
                    other + " with a port above 1023",
                    cause);
        }
        return new CannotListenException(
                "cannot listen on " + host + ":" + at.getPort() + " (" + option + "): " + said,
                other,
                cause);
    }

    /** What to do about it. */
    String next() {
        return next;
    }

    private static String said(Throwable cause) {
        StringBuilder said = new StringBuilder();
        for (Throwable each = cause; each != null; each = each.getCause()) {
            said.append(said.isEmpty() ? "" : ": ").append(each.getMessage());
        }
        return said.toString();
    }
}
