package dev.penstock.http;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Keeps web pages away from the admin listener, before anything is asked of the caller.
 *
 * <p>A page elsewhere can make a browser send requests here, with a name of its own that it has
 * turned to this machine's address. So the name in {@code Host} must be one that is known; and what
 * changes something must not come from another site. No answer has headers that would let another
 * site read it. None of this gives a right. Any thread.
 */
final class AdminGate {
    private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");
    private static final int MAX_PORT_DIGITS = 5;

    /** Why a request goes no further. */
    enum Refusal {
        /** The request is addressed to a name that is not this server's. */
        HOST("the Host of the request is none of this server's"),
        /** A page of another site asks for a change. */
        ORIGIN("changes are not taken from pages of other sites");

        private final String message;

        Refusal(String message) {
            this.message = message;
        }

        String message() {
            return message;
        }
    }

    private final Set<String> hosts;

    /**
     * @param names under which the listener may be addressed, beside those of loopback and the
     *     address that a connection came to
     */
    AdminGate(Set<String> names) {
        Set<String> all = new HashSet<>(LOOPBACK);
        names.forEach(name -> all.add(name.toLowerCase(Locale.ROOT)));
        this.hosts = Set.copyOf(all);
    }

    /**
     * Looks at one request.
     *
     * @param local the address that the connection came to
     * @return null when it may go on
     */
    @Nullable Refusal check(
            HttpMethod method, HttpHeaders headers, @Nullable InetSocketAddress local) {
        List<String> named = headers.getAll(HttpHeaderNames.HOST);
        if (named.size() != 1 || !isKnown(named.getFirst(), local)) {
            return Refusal.HOST;
        }
        boolean isRead = method.equals(HttpMethod.GET) || method.equals(HttpMethod.HEAD);
        return isRead || isFromHere(headers, named.getFirst()) ? null : Refusal.ORIGIN;
    }

    private boolean isKnown(String host, @Nullable InetSocketAddress local) {
        String name = withoutPort(host);
        if (name == null) {
            return false;
        }
        // The listener's own address is a number, not a name that somebody could turn elsewhere.
        return hosts.contains(name) || (local != null && name.equals(literal(local)));
    }

    /** In lower case; null when it is no host, or its port no port. */
    private static @Nullable String withoutPort(String host) {
        int end = host.startsWith("[") ? host.indexOf(']') + 1 : host.indexOf(':');
        if (end < 0) {
            end = host.length();
        }
        if (end == 0 || !isPort(host.substring(end))) {
            return null;
        }
        return host.substring(0, end).toLowerCase(Locale.ROOT);
    }

    // Which port is not looked at: a tunnel to this machine has one of its own.
    private static boolean isPort(String text) {
        if (text.isEmpty()) {
            return true;
        }
        boolean isFine =
                text.charAt(0) == ':' && text.length() > 1 && text.length() <= MAX_PORT_DIGITS + 1;
        for (int i = 1; isFine && i < text.length(); i++) {
            isFine = text.charAt(i) >= '0' && text.charAt(i) <= '9';
        }
        return isFine;
    }

    private static String literal(InetSocketAddress local) {
        String address = NetUtil.toAddressString(local.getAddress());
        return address.indexOf(':') < 0 ? address : "[" + address + "]";
    }

    private static boolean isFromHere(HttpHeaders headers, String host) {
        for (String site : headers.getAll("sec-fetch-site")) {
            if (!site.equals("same-origin") && !site.equals("none")) {
                return false;
            }
        }
        for (String origin : headers.getAll(HttpHeaderNames.ORIGIN)) {
            if (!origin.equalsIgnoreCase("http://" + host)
                    && !origin.equalsIgnoreCase("https://" + host)) {
                return false;
            }
        }
        return true;
    }

    /** Whether the request says that somebody passed it on. */
    static boolean isForwarded(HttpHeaders headers) {
        for (Map.Entry<String, String> field : headers) {
            String name = field.getKey().toLowerCase(Locale.ROOT);
            if (name.equals("forwarded") || name.startsWith("x-forwarded-")) {
                return true;
            }
        }
        return false;
    }
}
