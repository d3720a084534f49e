package dev.penstock.app;

import java.net.InetSocketAddress;

/** Reads {@code HOST:PORT} and writes it. */
final class Address {
    private static final int MAX_PORT = 65_535;

    private Address() {}

    /**
     * An address to listen on; port 0 takes a free one.
     *
     * @throws IllegalArgumentException when the text is not {@code HOST:PORT} or the host is
     *     unknown
     */
    static InetSocketAddress parse(String text) {
        int colon = text.lastIndexOf(':');
        if (colon < 0) {
            throw new IllegalArgumentException("address is " + text + ", must be HOST:PORT");
        }
        String host = text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        InetSocketAddress address =
                new InetSocketAddress(
                        host.isEmpty() ? "0.0.0.0" : host, port(text, text.substring(colon + 1)));
        if (address.isUnresolved()) {
            throw new IllegalArgumentException("address is " + text + ", its host is not known");
        }
        return address;
    }

    private static int port(String address, String digits) {
        int port = -1;
        if (!digits.isEmpty()
                && digits.length() <= 5
                && digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
            port = Integer.parseInt(digits);
        }
        if (port < 0 || port > MAX_PORT) {
            throw new IllegalArgumentException(
                    "address is " + address + ", its port must be from 0 to 65535");
        }
        return port;
    }

    /** As a person on this machine would reach it: the wildcard address shows as loopback. */
    static String shown(InetSocketAddress address) {
        boolean isAny = address.getAddress().isAnyLocalAddress();
        return (isAny ? "127.0.0.1" : host(address)) + ":" + address.getPort();
    }

    /** Its host as it is typed, an address of IPv6 in brackets. */
    static String host(InetSocketAddress address) {
        String host = address.getAddress().getHostAddress();
        return host.indexOf(':') >= 0 ? "[" + host + "]" : host;
    }
}
