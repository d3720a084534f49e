package dev.penstock.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.access.Right;
import dev.penstock.http.RawClient.Answer;
import dev.penstock.inference.Limits;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OpsServerTest {
    private final HttpFixture fixture = new HttpFixture();
    private final MultiThreadIoEventLoopGroup loop =
            new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final AtomicLong nanos = new AtomicLong();
    private final CountDownLatch slow = new CountDownLatch(1);
    private OpsServer server;
    private InetSocketAddress address;

    @BeforeEach
    void open() {
        server =
                new OpsServer(
                        fixture.service,
                        fixture.access,
                        Map.of(
                                "/metrics",
                                new OpsRoute(
                                        "text/plain", true, Right.OBSERVE, () -> bytes("up 1\n")),
                                "/slow",
                                new OpsRoute("text/plain", false, Right.OBSERVE, this::waited),
                                "/broken",
                                new OpsRoute(
                                        "text/plain", true, Right.OBSERVE, OpsServerTest::broken)),
                        Limits.DEFAULT,
                        nanos::get);
        address =
                server.start(
                        loop,
                        NioServerSocketChannel.class,
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    @AfterEach
    void close() {
        server.close();
        loop.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        fixture.close();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private byte[] waited() {
        try {
            slow.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return bytes("slow");
    }

    private static byte[] broken() {
        throw new IllegalStateException("broken on purpose");
    }

    private static String head(String... lines) {
        return String.join("\r\n", lines) + "\r\n\r\n";
    }

    @Test
    void aPathOfTheTableAnswersGetAndHead() throws IOException {
        try (RawClient client = new RawClient(address)) {
            Answer answer = client.get("/metrics?x=1").read();
            assertEquals(200, answer.status());
            assertEquals("text/plain", answer.header("content-type"));
            assertEquals("up 1\n", answer.text());
            Answer head = client.send("HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n").read(true);
            assertEquals("5", head.header("content-length"));
            Answer post = client.post("/metrics", "x").read();
            assertEquals(405, post.status());
            assertEquals("GET, HEAD", post.header("allow"));
            assertEquals(
                    "{\"error\":\"Not Found\",\"code\":\"NOT_FOUND\"}",
                    client.get("/other").read().text());
            assertEquals(500, client.get("/broken").read().status());
        }
    }

    @Test
    void aSlowAnswerHoldsUpNobodyElse() throws IOException {
        try (RawClient waiting = new RawClient(address);
                RawClient other = new RawClient(address)) {
            waiting.get("/slow");
            waiting.get("/metrics");
            assertEquals(200, other.get("/metrics").read().status());
            slow.countDown();
            assertEquals("slow", waiting.read().text());
            assertEquals("up 1\n", waiting.read().text());
        }
    }

    @Test
    void healthIsAlwaysThere() throws IOException {
        try (RawClient client = new RawClient(address)) {
            assertEquals("{\"live\":true}", client.get("/v2/health/live").read().text());
            assertEquals("{\"ready\":true}", client.get("/v2/health/ready").read().text());
            fixture.service.markDraining();
            Answer answer = client.get("/v2/health/ready").read();
            assertEquals(503, answer.status());
            assertEquals("{\"ready\":false}", answer.text());
        }
    }

    @Test
    void itAnswersWhileTheLoopOfPredictionsHangs() throws IOException {
        CountDownLatch hang = new CountDownLatch(1);
        fixture.loops.execute(() -> {
            try {
                hang.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        try (RawClient client = new RawClient(address)) {
            assertEquals(200, client.get("/v2/health/live").read().status());
        } finally {
            hang.countDown();
        }
        try (RawClient client = fixture.client()) {
            assertTrue(client.get("/v2").read().status() == 200);
        }
    }

    @Test
    void answersKeepTheOrderOfRequestsThatCameTogether() throws IOException {
        try (RawClient client = new RawClient(address)) {
            String slowOne = "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n";
            String quick = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
            client.send(slowOne + quick + slowOne + quick);
            slow.countDown();
            for (String expected : List.of("slow", "up 1\n", "slow", "up 1\n")) {
                assertEquals(expected, client.read().text());
            }
        }
    }

    @Test
    void aHeadThatDripsIsEnded() throws IOException {
        try (RawClient client = new RawClient(address)) {
            client.send("GET /metrics HTTP/1.1\r\nHost");
            // Ten seconds pass twice: once to be seen to wait, once to be past the limit.
            for (int i = 0; i < 40; i++) {
                nanos.addAndGet(Limits.DEFAULT.headTime().toNanos() / 2);
                client.send(":".repeat(i == 0 ? 1 : 0) + "x");
                LockSupport.parkNanos(50_000_000);
            }
            assertEquals(408, client.read().status());
            assertTrue(client.isClosed());
        }
    }

    @Test
    void anAddressHasOnlySoManyConnections() throws IOException {
        List<RawClient> open = new ArrayList<>();
        try {
            for (int i = 0; i < 128; i++) {
                open.add(new RawClient(address));
            }
            assertEquals(200, open.getLast().get("/metrics").read().status());
            try (RawClient more = new RawClient(address)) {
                assertTrue(more.isClosed());
            }
        } finally {
            for (RawClient each : open) {
                each.close();
            }
        }
    }

    @Test
    void whatIsNoRequestIsRefusedAndTheConnectionEnds() throws IOException {
        for (String request :
                List.of(
                        "GET /metrics HTTP/1.1\r\n\r\n",
                        "GET /metrics HTTP/2.0\r\nHost: a\r\n\r\n",
                        "GET /metrics HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                        head(
                                "GET /metrics HTTP/1.1",
                                "Host: a",
                                "Content-Length: 1",
                                "Transfer-Encoding: chunked"),
                        "GET http://a/metrics HTTP/1.1\r\nHost: a\r\n\r\n",
                        "GARBAGE\r\n\r\n")) {
            try (RawClient client = new RawClient(address)) {
                assertEquals(400, client.send(request).read().status(), request);
                assertTrue(client.isClosed(), request);
            }
        }
    }

    @Test
    void theBodyOfARefusedRequestIsSkipped() throws IOException {
        try (RawClient client = new RawClient(address)) {
            assertEquals(405, client.post("/metrics", "x".repeat(1_000)).read().status());
            assertEquals(200, client.get("/metrics").read().status());
            client.send(
                    head(
                            "POST /metrics HTTP/1.1",
                            "Host: a",
                            "Expect: 100-continue",
                            "Content-Length: 9"));
            assertEquals(405, client.read().status());
            assertTrue(client.isClosed());
        }
    }
}
