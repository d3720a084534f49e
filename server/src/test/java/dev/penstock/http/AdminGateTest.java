package dev.penstock.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.http.AdminGate.Refusal;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AdminGateTest {
    private static final List<String> CHANGING =
            List.of("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PURGE");

    private final AdminGate gate = new AdminGate(Set.of("Ops.Example"));
    private final InetSocketAddress local =
            new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 8003);

    private static HttpHeaders headers(String... namesAndValues) {
        HttpHeaders headers = new DefaultHttpHeaders();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            headers.add(namesAndValues[i], namesAndValues[i + 1]);
        }
        return headers;
    }

    private Refusal host(String host) {
        return gate.check(HttpMethod.GET, headers("Host", host), local);
    }

    @Test
    void namesOfThisServerAreTakenInAnyCaseAndWithAnyPort() {
        for (String host :
                List.of(
                        "localhost",
                        "localhost:8003",
                        "LOCALHOST:8003",
                        "LocalHost",
                        // The end of a tunnel has a port of its own.
                        "localhost:9003",
                        "127.0.0.1",
                        "127.0.0.1:8003",
                        "[::1]",
                        "[::1]:8003",
                        "ops.example",
                        "OPS.EXAMPLE:8003")) {
            assertNull(host(host), host);
        }
    }

    @Test
    void everyOtherSpellingIsMisdirected() {
        for (String host :
                List.of(
                        "",
                        ":8003",
                        "127.1",
                        "127.0.1",
                        "127.0.0.1.",
                        "127.0.0.2",
                        "127.0.0.01",
                        "0",
                        "0.0.0.0",
                        "0.0.0.0:8003",
                        "2130706433",
                        "0x7f000001",
                        "0x7f.0.0.1",
                        "017700000001",
                        "localhost.",
                        "localhost.:8003",
                        "localhost.example",
                        "localhost.localdomain",
                        "xlocalhost",
                        "ops.example.",
                        "ops.example.evil.example",
                        "evil.example",
                        "evil.example:8003",
                        "user@localhost",
                        "localhost@evil.example",
                        "localhost:8003@evil.example",
                        "localhost:",
                        "localhost:x",
                        "localhost:-1",
                        "localhost:800300",
                        "localhost:8003:8003",
                        "localhost,evil.example",
                        "localhost evil.example",
                        "localhost/",
                        "http://localhost",
                        "::1",
                        "[::1",
                        "[::1]x",
                        "[::1]]",
                        "[::]",
                        "[0:0:0:0:0:0:0:1]",
                        "[::ffff:127.0.0.1]",
                        "[::1%25lo]",
                        "l\u043ecalhost")) {
            assertEquals(Refusal.HOST, host(host), host);
        }
        assertEquals(Refusal.HOST, gate.check(HttpMethod.GET, headers(), local), "no Host");
        assertEquals(
                Refusal.HOST,
                gate.check(
                        HttpMethod.GET,
                        headers("Host", "localhost", "host", "evil.example"),
                        local),
                "two Hosts");
    }

    @Test
    void theNumberThatTheConnectionCameToIsAName() {
        InetSocketAddress elsewhere =
                new InetSocketAddress(InetAddress.ofLiteral("192.0.2.7"), 8003);
        assertNull(gate.check(HttpMethod.GET, headers("Host", "192.0.2.7:8003"), elsewhere));
        assertEquals(
                Refusal.HOST, gate.check(HttpMethod.GET, headers("Host", "192.0.2.8"), elsewhere));
        InetSocketAddress six = new InetSocketAddress(InetAddress.ofLiteral("2001:db8::7"), 8003);
        assertNull(gate.check(HttpMethod.GET, headers("Host", "[2001:db8::7]:8003"), six));
    }

    @Test
    void changesFromOtherSitesAreRefusedWhateverTheMethod() {
        for (String name : CHANGING) {
            HttpMethod method = HttpMethod.valueOf(name);
            for (String origin :
                    List.of(
                            "http://evil.example",
                            "null",
                            "",
                            "*",
                            "http://localhost",
                            "http://localhost:3000",
                            "http://127.0.0.1:8003",
                            "http://localhost:8003.evil.example",
                            "http://localhost:8003/",
                            "localhost:8003",
                            "ftp://localhost:8003")) {
                assertEquals(
                        Refusal.ORIGIN,
                        gate.check(
                                method, headers("Host", "localhost:8003", "Origin", origin), local),
                        name + " " + origin);
            }
            for (String site : List.of("cross-site", "same-site", "", "SAME-ORIGIN", "x")) {
                assertEquals(
                        Refusal.ORIGIN,
                        gate.check(
                                method,
                                headers("Host", "localhost:8003", "Sec-Fetch-Site", site),
                                local),
                        name + " " + site);
            }
            assertEquals(
                    Refusal.ORIGIN,
                    gate.check(
                            method,
                            headers(
                                    "Host",
                                    "localhost:8003",
                                    "Origin",
                                    "http://localhost:8003",
                                    "Origin",
                                    "http://evil.example"),
                            local));
            assertNull(
                    gate.check(
                            method,
                            headers(
                                    "Host",
                                    "localhost:8003",
                                    "Origin",
                                    "http://localhost:8003",
                                    "Sec-Fetch-Site",
                                    "same-origin"),
                            local));
            assertNull(gate.check(method, headers("Host", "localhost:8003"), local));
        }
    }

    @Test
    void whatOnlyReadsMayComeFromAnywhereBecauseNobodyElseCanReadTheAnswer() {
        for (HttpMethod method : List.of(HttpMethod.GET, HttpMethod.HEAD)) {
            assertNull(
                    gate.check(
                            method,
                            headers(
                                    "Host",
                                    "localhost",
                                    "Origin",
                                    "http://evil.example",
                                    "Sec-Fetch-Site",
                                    "cross-site"),
                            local));
        }
    }

    @Test
    void aRequestThatWasPassedOnSaysSoByAnyOfTheHeaders() {
        for (String name :
                List.of(
                        "Forwarded",
                        "FORWARDED",
                        "X-Forwarded-For",
                        "x-forwarded-host",
                        "X-FORWARDED-PROTO",
                        "X-Forwarded-Anything")) {
            assertTrue(AdminGate.isForwarded(headers("Host", "localhost", name, "")), name);
        }
        assertFalse(AdminGate.isForwarded(headers("Host", "localhost", "X-Forward", "x")));
    }
}
