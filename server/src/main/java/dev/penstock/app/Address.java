package dev.penstock.app;

import java.net.InetSocketAddress;

/** Writes {@code HOST:PORT}. */
final class Address {
    private Address() {}

    /** As a person on this machine would reach it: the wildcard address shows as loopback. */
    static String shown(InetSocketAddress address) {
        boolean isAny = address.getAddress().isAnyLocalAddress();
        String host = isAny ? "127.0.0.1" : address.getAddress().getHostAddress();
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + address.getPort();
    }
}
