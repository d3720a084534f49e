package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.access.AccessSettings;
import dev.penstock.access.Right;
import dev.penstock.access.TokenFile;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who gets as far as the admin API, on a listener for this machine and on one for others. */
final class AdminListenerTest {
    @TempDir Path models;
    @TempDir Path data;

    private static HttpCaller.Answer ask(InetSocketAddress at, String... lines) throws IOException {
        try (HttpCaller caller = new HttpCaller(at.getPort())) {
            String head = String.join("\r\n", lines) + "\r\n\r\n";
            return caller.call(head.getBytes(StandardCharsets.US_ASCII), new byte[0]);
        }
    }

    @Test
    void onLoopbackWithoutTokensOperatorsNeedNoneAndPagesElsewhereGetNowhere() throws Exception {
        Gateway gateway = Gateways.start(models, data, AccessSettings.DEFAULT);
        try {
            InetSocketAddress at = gateway.adminAddress();
            String read = "GET /admin/v1/models HTTP/1.1";
            String change = "DELETE /admin/v1/routes/m HTTP/1.1";
            assertEquals(200, ask(at, read, "Host: localhost").status());
            // Let in: what is missing is the revision that the change is of.
            assertEquals(428, ask(at, change, "Host: localhost:8003").status());

            HttpCaller.Answer elsewhere = ask(at, read, "Host: evil.example");
            HttpCaller.Answer nothing =
                    ask(at, "GET /admin/v1/none HTTP/1.1", "Host: evil.example");
            HttpCaller.Answer forwarded =
                    ask(at, read, "Host: localhost", "X-Forwarded-For: 127.0.0.1");
            HttpCaller.Answer foreign =
                    ask(at, change, "Host: localhost", "Origin: http://evil.example");
            HttpCaller.Answer sameSite =
                    ask(at, change, "Host: localhost", "Sec-Fetch-Site: same-site");
            HttpCaller.Answer preflight =
                    ask(
                            at,
                            "OPTIONS /admin/v1/routes/m HTTP/1.1",
                            "Host: localhost",
                            "Origin: http://evil.example",
                            "Access-Control-Request-Method: PUT");
            assertEquals(421, elsewhere.status());
            assertEquals(421, nothing.status());
            assertEquals(401, forwarded.status());
            assertEquals("Bearer", forwarded.headers().get("www-authenticate"));
            for (HttpCaller.Answer refused : List.of(foreign, sameSite, preflight)) {
                assertEquals(403, refused.status());
            }
            for (HttpCaller.Answer refused :
                    List.of(elsewhere, nothing, forwarded, foreign, sameSite, preflight)) {
                assertEquals("application/problem+json", refused.headers().get("content-type"));
                refused.headers()
                        .keySet()
                        .forEach(name -> assertFalse(name.startsWith("access-control"), name));
            }
        } finally {
            gateway.stop();
        }
    }

    @Test
    void aListenerForOthersTakesTokensAndItsOwnAddressAndNames() throws Exception {
        Path file = data.resolve("tokens");
        String secret =
                Objects.requireNonNull(
                                new TokenFile(file)
                                        .create(
                                                "ops",
                                                Set.of(Right.ADMIN, Right.OBSERVE),
                                                Instant.EPOCH,
                                                false))
                        .secret();
        AccessSettings settings =
                new AccessSettings(Set.of(Right.PREDICT), file, "", Set.of("gateway.example"));
        Gateway gateway = new Gateway(Gateways.config(models, data, "0.0.0.0:0", settings));
        gateway.start();
        try {
            InetSocketAddress at = gateway.adminAddress();
            String read = "GET /admin/v1/models HTTP/1.1";
            String token = "Authorization: Bearer " + secret;
            assertEquals(401, ask(at, read, "Host: gateway.example").status());
            assertEquals(200, ask(at, read, "Host: gateway.example:8003", token).status());
            assertEquals(421, ask(at, read, "Host: other.example", token).status());
            assertEquals(421, ask(at, read, "Host: 0.0.0.0", token).status());
            // A proxy in front takes nothing from who has a token.
            assertEquals(
                    200,
                    ask(at, read, "Host: localhost", token, "X-Forwarded-For: 192.0.2.7").status());
        } finally {
            gateway.stop();
        }
    }

    @Test
    void aServerThatNobodyCouldOperateSafelyDoesNotStart() throws Exception {
        Path closed = data.resolve("tokens");
        for (List<String> flags :
                List.of(
                        List.of("--admin", "0.0.0.0:0"),
                        List.of("--anonymous", "predict,admin"),
                        List.of("--anonymous", "everything"),
                        List.of("--tokens", data.resolve("absent").toString()))) {
            assertRefused(flags);
        }
        Files.writeString(closed, "ops admin sha256:" + "0".repeat(64) + "\n");
        Files.setPosixFilePermissions(
                closed, java.nio.file.attribute.PosixFilePermissions.fromString("rw-r--r--"));
        // The file in the data folder is taken without being named.
        assertRefused(List.of());
    }

    private void assertRefused(List<String> flags) {
        java.io.StringWriter err = new java.io.StringWriter();
        List<String> words =
                new java.util.ArrayList<>(
                        List.of("serve", "--models", models.toString(), "--data", data.toString()));
        words.addAll(flags);
        int exit =
                dev.penstock.cli.Cli.commandLine(
                                ServeCommand.commandLine(GatewayConfig.reader()),
                                GatewayConfig.reader())
                        .setErr(new java.io.PrintWriter(err))
                        .execute(words.toArray(String[]::new));
        assertEquals(2, exit, flags + ": " + err);
        assertTrue(err.toString().startsWith("penstock serve: "), err.toString());
    }
}
