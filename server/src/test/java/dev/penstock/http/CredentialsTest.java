package dev.penstock.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.penstock.access.AccessSettings;
import dev.penstock.http.RawClient.Answer;
import dev.penstock.inference.Failure;
import dev.penstock.inference.VersionInfo;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.TensorSpec;
import java.io.IOException;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What callers send as credentials, on the wire. */
class CredentialsTest {
    private static final String SECRET = "correct-horse-battery-staple";
    // By sha256sum(1).
    private static final String HASH =
            "87cbebfeebc05f7c54ac9336c4b4bbec831227a641951a4bde7edd56020f8590";
    private static final String BODY =
            "{\"inputs\":[{\"name\":\"X\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1]}]}";

    private final HttpFixture fixture =
            new HttpFixture(
                    new AccessSettings(Set.of(), null, "ci predict sha256:" + HASH, Set.of()));

    @AfterEach
    void close() {
        fixture.close();
    }

    private Answer infer(RawClient client, String... headers) throws IOException {
        return client.post("/v2/models/fp32/infer", BODY, headers).read();
    }

    private int statusOf(String... headers) throws IOException {
        try (RawClient client = fixture.client()) {
            return infer(client, headers).status();
        }
    }

    @Test
    void aConnectionGoesOnAfterARefusal() throws IOException {
        try (RawClient client = fixture.client()) {
            Answer refused = infer(client);
            assertEquals(401, refused.status());
            assertEquals("Bearer", refused.header("www-authenticate"));
            assertEquals("application/json", refused.header("content-type"));
            assertEquals(
                    "{\"error\":\"credentials are needed and were not sent, or are not known here\","
                            + "\"code\":\"UNAUTHENTICATED\",\"hint\":\"send Authorization: Bearer and"
                            + " a token of this server\"}",
                    refused.text());
            assertEquals(200, infer(client, "Authorization: Bearer " + SECRET).status());
            // Nothing of one request is left for the next.
            assertEquals(401, infer(client).status());
            assertEquals(
                    403,
                    client.send(
                                    head(
                                            "GET /v2 HTTP/1.1",
                                            "Host: a",
                                            "authorization: bearer " + SECRET))
                            .read()
                            .status());
        }
        assertEquals(1, fixture.outcomes.size(), "predictions that were counted");
    }

    private static String head(String... lines) {
        return String.join("\r\n", lines) + "\r\n\r\n";
    }

    @Test
    void aBodyThatWaitsToBeAskedForIsNotAskedFor() throws IOException {
        try (RawClient client = fixture.client()) {
            Answer refused =
                    client.send(
                                    head(
                                            "POST /v2/models/fp32/infer HTTP/1.1",
                                            "Host: a",
                                            "Expect: 100-continue",
                                            "Content-Length: 9"))
                            .read();
            assertEquals(401, refused.status());
            assertTrue(client.isClosed());
        }
    }

    @Test
    void aLargeBodyOfSomebodyUnknownTakesNoMemory() throws IOException {
        try (RawClient client = fixture.client()) {
            client.send(
                    head(
                            "POST /v2/models/fp32/infer HTTP/1.1",
                            "Host: a",
                            "Content-Length: 60000000"));
            assertEquals(401, client.read().status());
            assertEquals(0, fixture.pool.bytesOut());
            assertTrue(client.isClosed());
        }
    }

    @Test
    void hostileCredentialsAreRefused() throws IOException {
        for (String value :
                new String[] {
                    "",
                    "Bearer",
                    "Bearer \u00e9\u00ff",
                    "Basic Y2k6Y2k=",
                    "Bearer " + SECRET + "," + SECRET,
                    "Bearer " + "x".repeat(8_000),
                    "Digest username=\"ci\"",
                    "Negotiate oYG3",
                }) {
            assertEquals(401, statusOf("Authorization: " + value), value);
        }
        // These are no credentials at all, but heads that cannot be trusted.
        String good = "Authorization: Bearer " + SECRET;
        assertEquals(400, statusOf(good, good), "twice");
        assertEquals(400, statusOf(good, "authorization:"), "twice, once empty");
        assertEquals(400, statusOf("Authorization : Bearer " + SECRET), "a space in the name");
        assertEquals(400, statusOf("Authorization:\r\n Bearer " + SECRET), "folded");
        assertEquals(400, statusOf("Authorization: Bearer \u0001"), "a control character");
        assertEquals(431, statusOf("Authorization: Bearer " + "x".repeat(20_000)), "too long");
        // Nor are these credentials of this protocol.
        assertEquals(401, statusOf("Cookie: token=" + SECRET));
        assertEquals(401, statusOf("X-Authorization: Bearer " + SECRET));
        assertEquals(401, statusOf("Proxy-Authorization: Bearer " + SECRET));
        assertEquals(401, statusOf("X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1"));
        try (RawClient client = fixture.client()) {
            assertEquals(
                    401,
                    client.post("/v2/models/fp32/infer?access_token=" + SECRET, BODY)
                            .read()
                            .status());
        }
        assertEquals(200, statusOf(good));
    }

    @Test
    void failuresAreLimitedAndLoggedWithoutWhatWasSent() throws IOException {
        Logger log = (Logger) LoggerFactory.getLogger("dev.penstock");
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        log.addAppender(lines);
        try {
            for (int i = 0; i < 10; i++) {
                assertEquals(401, statusOf("Authorization: Bearer marker-of-a-secret"));
            }
            for (int i = 0; i < 10; i++) {
                try (RawClient client = fixture.client()) {
                    Answer refused = infer(client, "Authorization: Bearer marker-of-a-secret");
                    assertEquals(429, refused.status());
                    assertEquals("60", refused.header("retry-after"));
                }
            }
        } finally {
            log.detachAppender(lines);
        }
        // Ten failures and one line that says there are more.
        assertEquals(11, lines.list.size());
        for (ILoggingEvent line : lines.list) {
            assertFalse(line.getFormattedMessage().contains("marker"), line.getFormattedMessage());
        }
        assertEquals(200, statusOf("Authorization: Bearer " + SECRET));
    }

    @Test
    void whoAsksWhetherToSendTrafficNeedsNoToken() throws IOException {
        try (RawClient client = fixture.client()) {
            assertEquals(200, client.get("/v2/health/live").read().status());
            assertEquals(200, client.get("/v2/health/ready").read().status());
            assertEquals(401, client.get("/v2").read().status());
        }
    }

    @Test
    void routesLearnTheNameOfTheTokenAndOfNobodyElse() throws IOException {
        HttpFixture.HoldingScheduler held = new HttpFixture.HoldingScheduler();
        VersionInfo version =
                fixture.add(
                        "held",
                        1,
                        EchoSession.echoing(new TensorSpec("X", DataType.FP32, Shape.of(-1))));
        fixture.publish(version, held);
        try (RawClient client = fixture.client()) {
            client.post("/v2/models/held/infer", BODY, "Authorization: Bearer " + SECRET);
            HttpFixture.await(() -> !held.held.isEmpty());
            assertEquals("ci", held.held.getFirst().request().facts().caller());
            held.held.getFirst().answer(new Failure.DeadlineExceeded("over"));
            assertEquals(504, client.read().status());
        }
    }
}
