package dev.penstock.config;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a listener listens. Reading it looks up no name.
 *
 * @param host a name, an IPv4 address, or an IPv6 address without brackets
 * @param port 0 takes a free one
 */
public record ListenAddress(String host, int port) {
    static final String PATTERN = "(?:\\[([0-9A-Fa-f:.]+)\\]|([^\\s:/\\[\\]]*)):([0-9]{1,5})";

    private static final Pattern FORM = Pattern.compile(PATTERN);
    private static final int MAX_PORT = 65_535;

    /**
     * Reads {@code HOST:PORT}; without a host it is every address of the machine.
     *
     * @throws IllegalArgumentException that says what to write instead
     */
    public static ListenAddress parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    Quoted.of(text) + " is not HOST:PORT such as 127.0.0.1:8000 or [::1]:8000");
        }
        int port = Integer.parseInt(matcher.group(3));
        if (port > MAX_PORT) {
            throw new IllegalArgumentException(text + " has a port above 65535");
        }
        String host = matcher.group(1) != null ? matcher.group(1) : matcher.group(2);
        return new ListenAddress(host.isEmpty() ? "0.0.0.0" : host, port);
    }

    /** Whether only this machine can reach it, as far as can be said without looking a name up. */
    public boolean isLoopback() {
        if (host.equalsIgnoreCase("localhost")) {
            return true;
        }
        try {
            return InetAddress.ofLiteral(host).isLoopbackAddress();
        } catch (IllegalArgumentException notLiteral) {
            return false;
        }
    }

    /**
     * The address of the host, looked up.
     *
     * @throws IllegalArgumentException when the host is not known
     */
    public InetSocketAddress resolve() {
        InetSocketAddress address = new InetSocketAddress(host, port);
        if (address.isUnresolved()) {
            throw new IllegalArgumentException("address is " + this + ", its host is not known");
        }
        return address;
    }

    @Override
    public String toString() {
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
    }
}
