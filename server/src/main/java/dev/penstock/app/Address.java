package dev.penstock.app;

import java.net.InetSocketAddress;

/** Writes {@code HOST:PORT}. */
final class Address {
    private Address() {}

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
