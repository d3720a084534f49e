package dev.penstock.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.ChangedLimits;
import dev.penstock.FailingAllocator;
import dev.penstock.http.HttpFixture.HoldingScheduler;
import dev.penstock.http.RawClient.Answer;
import dev.penstock.inference.Exchange;
import dev.penstock.inference.Failure;
import dev.penstock.inference.InferResponse;
import dev.penstock.inference.Limits;
import dev.penstock.inference.Refused;
import dev.penstock.inference.Signature;
import dev.penstock.inference.VersionId;
import dev.penstock.inference.VersionInfo;
import dev.penstock.runtime.Deadline;
import dev.penstock.runtime.Ticker;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Memory;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorSet;
import dev.penstock.tensor.TensorSpec;
import io.netty.util.concurrent.SingleThreadEventExecutor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HttpConnectionTest {
    private static final String INFER = "/v2/models/fp32/infer";

    private HttpFixture fixture = new HttpFixture();
    private final HoldingScheduler held = new HoldingScheduler();

    @AfterEach
    void close() {
        fixture.close();
    }

    private void use(HttpFixture other) {
        fixture.close();
        fixture = other;
    }

    private void holdModel() {
        Signature signature = EchoSession.echoing(new TensorSpec("X", DataType.FP32, Shape.of(-1)));
        VersionInfo info = new VersionInfo(new VersionId("held", 1), signature, HttpFixture.DIGEST);
        fixture.publish(info, held);
    }

    private static String body(String id) {
        return "{\"id\":\""
                + id
                + "\",\"inputs\":[{\"name\":\"X\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1]}]}";
    }

    private static String request(String path, String id) {
        return "POST "
                + path
                + " HTTP/1.1\r\nHost: a\r\nContent-Length: "
                + body(id).length()
                + "\r\n\r\n"
                + body(id);
    }

    private void answer(int index) {
        Exchange exchange = held.held.get(index);
        exchange.answer(new Failure.DeadlineExceeded("no " + index));
    }

    /** Answers with that many zeros. */
    private void answerLarge(int index, int floats) {
        Exchange exchange = held.held.get(index);
        Memory memory = fixture.pool.take(4 * floats);
        TensorSet.Builder builder = new TensorSet.Builder().own(memory);
        builder.add(new Tensor("X_OUT", DataType.FP32, Shape.of(floats), memory.bytes()));
        exchange.answer(new InferResponse(exchange.version(), builder.build()));
    }

    @Test
    void answersKeepTheOrderOfRequests() throws IOException {
        holdModel();
        try (RawClient client = fixture.client()) {
            client.send(
                    request("/v2/models/held/infer", "a")
                            + request(INFER, "b")
                            + "GET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n"
                            + request("/v2/models/held/infer", "c"));
            HttpFixture.await(() -> held.held.size() == 2);
            answer(1);
            answer(0);
            assertEquals(504, client.read().status());
            Answer second = client.read();
            assertTrue(second.text().startsWith("{\"id\":\"b\""), second.text());
            assertEquals("{\"live\":true}", client.read().text());
            assertTrue(client.read().text().contains("no 1"));
        }
    }

    @Test
    void onlySixteenRequestsOfAConnectionAreInFlight() throws IOException {
        holdModel();
        try (RawClient client = fixture.client()) {
            StringBuilder many = new StringBuilder();
            for (int i = 0; i < 100; i++) {
                many.append(request("/v2/models/held/infer", "r" + i));
            }
            client.send(many.toString());
            HttpFixture.await(() -> held.held.size() == 16);
            try (RawClient other = fixture.client()) {
                // The loop has turned more than once since then, and nothing more was begun.
                for (int i = 0; i < 10; i++) {
                    assertEquals(200, other.get("/v2/health/live").read().status());
                }
            }
            assertEquals(16, held.held.size());
            for (int i = 0; i < 100; i++) {
                int index = i;
                HttpFixture.await(() -> held.held.size() > index);
                answer(i);
                assertTrue(client.read().text().contains("no " + i + "\""));
            }
        }
    }

    @Test
    void aClientThatGoesAwayCancelsItsPredictions() throws IOException {
        holdModel();
        try (RawClient client = fixture.client()) {
            client.send(request("/v2/models/held/infer", "a"));
            HttpFixture.await(() -> held.held.size() == 1);
        }
        HttpFixture.await(() -> held.held.getFirst().isCancelled());
        answer(0);
        HttpFixture.await(() -> fixture.completed.get() == 1);
    }

    @Test
    void aClientThatDoesNotReadIsNotReadFrom() throws IOException {
        holdModel();
        try (RawClient client = fixture.client()) {
            client.send(request("/v2/models/held/infer", "a"));
            HttpFixture.await(() -> held.held.size() == 1);
            // 3 Mi zeros are 12 MiB as "0.0,": more than the socket's buffers take.
            answerLarge(0, 3 << 20);
            HttpFixture.await(() -> fixture.completed.get() == 1);
            for (int i = 0; i < 40; i++) {
                client.send(request("/v2/models/held/infer", "b"));
            }
            try (RawClient other = fixture.client()) {
                for (int i = 0; i < 10; i++) {
                    assertEquals(200, other.get("/v2/health/live").read().status());
                }
            }
            assertEquals(1, held.held.size());
            assertEquals(200, client.read().status());
            HttpFixture.await(() -> held.held.size() == 17);
            for (int i = 1; i < 41; i++) {
                int index = i;
                HttpFixture.await(() -> held.held.size() > index);
                answer(i);
                assertEquals(504, client.read().status());
            }
        }
    }

    @Test
    void http10ClosesUnlessAskedNotTo() throws IOException {
        try (RawClient client = fixture.client()) {
            client.send("GET /v2/health/live HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
            assertEquals("keep-alive", client.read().header("connection"));
            Answer last = client.send("GET /v2/health/live HTTP/1.0\r\n\r\n").read();
            assertEquals(200, last.status());
            assertEquals("close", last.header("connection"));
            assertTrue(client.isClosed());
        }
    }

    @Test
    void connectionCloseIsHonoured() throws IOException {
        try (RawClient client = fixture.client()) {
            client.send("GET /v2 HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n");
            client.get("/v2/health/live");
            assertEquals("close", client.read().header("connection"));
            assertTrue(client.isClosed());
        }
    }

    @Test
    void blankLinesAndAbsoluteTargetsAreTaken() throws IOException {
        try (RawClient client = fixture.client()) {
            client.send("\r\n\r\nGET http://a:8000/v2/health/live?x HTTP/1.1\r\nHost: a\r\n\r\n");
            assertEquals(200, client.read().status());
        }
    }

    @Test
    void aRequestByteByByteIsRead() throws IOException {
        try (RawClient client = fixture.client()) {
            for (byte b : request(INFER, "slow").getBytes(StandardCharsets.US_ASCII)) {
                client.send(new byte[] {b});
            }
            assertEquals(200, client.read().status());
        }
    }

    @Test
    void chunksMayHaveExtensionsAndTrailers() throws IOException {
        try (RawClient client = fixture.client()) {
            String body = body("c");
            client.send(
                    "POST "
                            + INFER
                            + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
                            + Integer.toHexString(body.length())
                            + ";x=\"y\"\r\n"
                            + body
                            + "\r\n000\r\nT: 1\r\n\r\n");
            assertEquals(200, client.read().status());
            assertEquals(200, client.get("/v2").read().status());
        }
    }

    @Test
    void aClientThatAsksFirstIsToldToGoOn() throws IOException {
        try (RawClient client = fixture.client()) {
            client.send(
                    "POST "
                            + INFER
                            + " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: "
                            + body("e").length()
                            + "\r\n\r\n");
            assertEquals(100, client.read().status());
            assertEquals(200, client.send(body("e")).read().status());
        }
    }

    @Test
    void aBodyOverTheLimitIsAnsweredWhileItStillComes() throws IOException {
        int limit = 1 << 20;
        use(new HttpFixture(ChangedLimits.bodyBytes(limit)));
        try (RawClient client = fixture.client()) {
            client.send(
                    "POST "
                            + INFER
                            + " HTTP/1.1\r\nHost: a\r\nContent-Length: "
                            + (limit + 1)
                            + "\r\n\r\n");
            client.send(new byte[limit + 1]);
            Answer answer = client.read();
            assertEquals(413, answer.status());
            assertTrue(answer.text().contains("1048577 bytes exceeds"), answer.text());
            assertRefused(Refused.BODY_BYTES);
            assertTrue(client.isClosed());
        }
        try (RawClient client = fixture.client()) {
            byte[] exact =
                    java.util.Arrays.copyOf(body("x").getBytes(StandardCharsets.US_ASCII), limit);
            java.util.Arrays.fill(exact, body("x").length(), limit, (byte) ' ');
            assertEquals(200, client.post(INFER, exact).read().status());
        }
    }

    @Test
    void anOutputOverTheLimitIsRefusedBeforeItIsWritten() throws IOException {
        use(new HttpFixture(ChangedLimits.bodyBytes(1 << 20)));
        holdModel();
        try (RawClient client = fixture.client()) {
            client.send(request("/v2/models/held/infer", "a"));
            HttpFixture.await(() -> held.held.size() == 1);
            answerLarge(0, 200_000);
            Answer answer = client.read();
            assertEquals(413, answer.status());
            assertTrue(answer.text().contains("output too large"), answer.text());
            assertNull(answer.header("connection"));
            assertEquals(200, client.get("/v2").read().status());
        }
    }

    @Test
    void withoutMemoryARequestIsToldToComeAgain() throws IOException {
        use(new HttpFixture(Limits.DEFAULT, 100_000, false));
        try (RawClient client = fixture.client()) {
            client.send("POST " + INFER + " HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n");
            client.send(new byte[200_000]);
            Answer answer = client.read();
            assertEquals(503, answer.status());
            assertEquals("1", answer.header("retry-after"));
            assertTrue(answer.text().contains("MEMORY_FULL"), answer.text());
            assertEquals(200, client.post(INFER, body("b")).read().status());
        }
    }

    @Test
    void refusedPredictionsAreCounted() throws IOException {
        try (RawClient client = fixture.client()) {
            client.post(INFER, "{").read();
            client.post(INFER, "{}", "Content-Encoding: br").read();
            client.post("/v2/models/none/infer", body("x")).read();
            client.post(INFER, body("x")).read();
        }
        HttpFixture.await(() -> fixture.completed.get() == 4);
        assertEquals(
                List.of("invalid", "invalid", "not_found", "ok"), List.copyOf(fixture.outcomes));
    }

    @Test
    void anAnswerWithoutAnyMemoryClosesItsConnectionAndFreesAll() throws Exception {
        FailingAllocator memory = new FailingAllocator();
        use(new HttpFixture(memory, false));
        holdModel();
        try (RawClient client = fixture.client()) {
            client.post("/v2/models/held/infer", body("a"));
            client.post("/v2/models/held/infer", body("b"));
            HttpFixture.await(() -> held.held.size() == 2);
            memory.failure = new OutOfMemoryError("direct");
            answer(0);
            assertTrue(client.isClosed());
            answer(1);
            HttpFixture.await(() -> fixture.completed.get() == 2);
            memory.failure = null;
        }
        try (RawClient other = fixture.client()) {
            assertEquals(200, other.post(INFER, body("x")).read().status());
        }
    }

    @Test
    void anAnswerThatFindsNoRoomIsARefusal() throws Exception {
        FailingAllocator memory = new FailingAllocator();
        use(new HttpFixture(memory, false));
        holdModel();
        try (RawClient client = fixture.client()) {
            client.post("/v2/models/held/infer", body("a"));
            HttpFixture.await(() -> held.held.size() == 1);
            Memory block = fixture.pool.take(4 << 16);
            TensorSet.Builder builder = new TensorSet.Builder().own(block);
            builder.add(new Tensor("X_OUT", DataType.FP32, Shape.of(1 << 16), block.bytes()));
            memory.failuresLeft.set(1);
            memory.failure = new OutOfMemoryError("direct");
            Exchange exchange = held.held.getFirst();
            exchange.answer(new InferResponse(exchange.version(), builder.build()));
            Answer answer = client.read();
            assertEquals(503, answer.status(), answer::text);
            HttpFixture.await(() -> fixture.pool.bytesOut() == 0);
        }
    }

    @Test
    void aSweepThatBreaksIsFollowedByOthers() throws Exception {
        FailingAllocator memory = new FailingAllocator();
        use(new HttpFixture(memory, true));
        try (RawClient first = fixture.client()) {
            sendHalfAHead(first);
            memory.failure = new OutOfMemoryError("direct");
            fixture.clockNanos.addAndGet(Duration.ofSeconds(11).toNanos());
            assertTrue(first.isClosed(), "not even memory to say why");
            memory.failure = null;
        }
        try (RawClient second = fixture.client()) {
            sendHalfAHead(second);
            fixture.clockNanos.addAndGet(Duration.ofSeconds(11).toNanos());
            assertEquals(408, second.read().status());
        }
    }

    private void sendHalfAHead(RawClient client) throws IOException {
        client.get("/v2/health/live").read();
        client.send("GET /v2 HTTP/1.1\r\nHo");
        try (RawClient other = fixture.client()) {
            // The loop has turned more than once since then.
            for (int i = 0; i < 10; i++) {
                assertEquals(200, other.get("/v2/health/live").read().status());
            }
        }
        // The clock is read when a wait is first seen: one look before time passes.
        fixture.server.sweep();
    }

    @Test
    void aBodyThatNobodyWantsEndsTheConnectionAfterEarlierAnswers() throws Exception {
        holdModel();
        try (RawClient client = fixture.client()) {
            client.send(request("/v2/models/held/infer", "a"));
            client.send(
                    "POST "
                            + INFER
                            + " HTTP/1.1\r\nHost: a\r\nContent-Encoding: br\r\n"
                            + "Transfer-Encoding: chunked\r\n\r\n");
            // 72 chunks of 64 KiB are 4.5 MiB, half a MiB more than is skipped.
            byte[] chunk =
                    ("10000\r\n" + "x".repeat(1 << 16) + "\r\n").getBytes(StandardCharsets.UTF_8);
            for (int i = 0; i < 72; i++) {
                client.send(chunk);
            }
            HttpFixture.await(() -> held.held.size() == 1);
            try (RawClient other = fixture.client()) {
                // The loop has turned often enough since to have read all of it.
                for (int i = 0; i < 200; i++) {
                    assertEquals(200, other.get("/v2/health/live").read().status());
                }
            }
            assertFalse(held.held.getFirst().isCancelled());
            answer(0);
            assertEquals(504, client.read().status());
            assertEquals(415, client.read().status());
            assertTrue(client.isClosed());
        }
    }

    @Test
    void anIncidentWhileReadingHasTheIdOfItsPrediction() throws Exception {
        FailingAllocator memory = new FailingAllocator();
        use(new HttpFixture(memory, false));
        try (RawClient client = fixture.client()) {
            // Of the four bytes of the one number; what is read from the socket takes more.
            memory.failsUpToBytes = 64;
            memory.failure = new IllegalStateException("a bug");
            client.post(INFER, body("x"));
            Answer answer = client.read();
            assertEquals(500, answer.status(), answer::text);
            String id = answer.header("penstock-prediction-id");
            assertTrue(answer.text().contains(id), answer + " " + answer.text());
        }
    }

    @Test
    void aServerThatClosesWaitsForAnswersNoLongerThanItIsTold() throws Exception {
        holdModel();
        try (RawClient client = fixture.client()) {
            client.send(request("/v2/models/held/infer", "a"));
            HttpFixture.await(() -> held.held.size() == 1);
            long began = System.nanoTime();
            fixture.server.close(Deadline.after(Ticker.SYSTEM.nanos(), 50_000_000));
            Duration took = Duration.ofNanos(System.nanoTime() - began);
            // Left to itself it waits for 10 s.
            assertTrue(took.compareTo(Duration.ofSeconds(5)) < 0, took.toString());
            assertTrue(client.isClosed());
            answer(0);
        }
    }

    @Test
    void aHeadThatTakesTooLongIsAnsweredAndClosed() throws Exception {
        use(new HttpFixture(Limits.DEFAULT, 1 << 20, true));
        try (RawClient client = fixture.client()) {
            client.send("GET /v2 HTTP/1.1\r\nHo");
            Duration passed = passUntil(() -> client.read().status() == 408);
            assertTrue(passed.compareTo(Duration.ofSeconds(10)) > 0, passed.toString());
            assertRefused(Refused.HEAD_TIME);
        }
    }

    @Test
    void aBodyThatTricklesIsAnsweredAndClosed() throws Exception {
        use(new HttpFixture(Limits.DEFAULT, 1 << 20, true));
        try (RawClient client = fixture.client()) {
            client.send("POST " + INFER + " HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n{");
            Duration passed = passUntil(() -> client.read().status() == 408);
            // A grace of 5 s; after it a second may pass with less than 1 KiB, not two.
            assertTrue(passed.compareTo(Duration.ofSeconds(6)) > 0, passed.toString());
            assertRefused(Refused.BODY_TIME);
            assertTrue(client.isClosed());
        }
    }

    @Test
    void anIdleConnectionIsClosed() throws Exception {
        use(new HttpFixture(Limits.DEFAULT, 1 << 20, true));
        try (RawClient client = fixture.client()) {
            assertEquals(200, client.get("/v2").read().status());
            Duration passed = passUntil(client::isClosed);
            assertTrue(passed.compareTo(Duration.ofSeconds(75)) > 0, passed.toString());
        }
    }

    @Test
    void anAnswerThatNobodyTakesIsCutOff() throws Exception {
        use(new HttpFixture(Limits.DEFAULT, 1L << 28, true));
        holdModel();
        try (RawClient client = fixture.client()) {
            client.send(request("/v2/models/held/infer", "a"));
            HttpFixture.await(() -> held.held.size() == 1);
            answerLarge(0, 3 << 20);
            HttpFixture.await(() -> fixture.completed.get() == 1);
            Duration passed =
                    passUntil(() -> {
                        HttpFixture.await(() -> fixture.pool.bytesOut() == 0);
                        return true;
                    });
            assertTrue(passed.compareTo(Duration.ofSeconds(30)) > 0, passed.toString());
        }
    }

    private void assertRefused(Refused... limits) {
        assertEquals(List.of(limits), List.copyOf(fixture.refused));
    }

    @Test
    void whatBreaksTheProtocolIsCountedByItself() throws Exception {
        try (RawClient client = fixture.client()) {
            assertEquals(400, client.send("GET  /v2 HTTP/1.1\r\n\r\n").read().status());
        }
        assertRefused(Refused.FRAMING);
        try (RawClient client = fixture.client()) {
            client.send("GET /" + "a".repeat(9000) + " HTTP/1.1\r\nHost: a\r\n\r\n");
            assertEquals(414, client.read().status());
        }
        assertRefused(Refused.FRAMING, Refused.HEAD_BYTES);
        try (RawClient client = fixture.client()) {
            client.send(
                    "POST "
                            + INFER
                            + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nno\r\n");
            assertEquals(400, client.read().status());
        }
        assertRefused(Refused.FRAMING, Refused.HEAD_BYTES, Refused.FRAMING);
        try (RawClient client = fixture.client()) {
            assertEquals(200, client.get("/v2").read().status());
        }
        assertEquals(3, fixture.refused.size());
    }

    /** Moves the server's clock until the client has what it waits for; how far. */
    private Duration passUntil(java.util.concurrent.Callable<?> wait) throws Exception {
        FutureTask<?> waiting = new FutureTask<>(wait);
        Thread.ofVirtual().start(waiting);
        long before = fixture.clockNanos.get();
        HttpFixture.await(() -> {
            fixture.server.sweep();
            fixture.clockNanos.addAndGet(Duration.ofMillis(250).toNanos());
            return waiting.isDone();
        });
        assertEquals(true, waiting.get());
        return Duration.ofNanos(fixture.clockNanos.get() - before);
    }

    @Test
    void drainingSaysCloseAndEndsIdleConnections() throws IOException {
        holdModel();
        try (RawClient idle = fixture.client();
                RawClient busy = fixture.client()) {
            assertEquals(200, idle.get("/v2").read().status());
            busy.send(request("/v2/models/held/infer", "a"));
            HttpFixture.await(() -> held.held.size() == 1);
            fixture.server.beginDrain();
            assertTrue(idle.isClosed());
            try (RawClient late = fixture.client()) {
                Answer answer = late.post(INFER, body("l")).read();
                assertEquals(200, answer.status());
                assertEquals("close", answer.header("connection"));
            }
            Thread closer = Thread.ofVirtual().start(fixture.server::close);
            answer(0);
            Answer last = busy.read();
            assertEquals(504, last.status());
            assertEquals("close", last.header("connection"));
            assertTrue(busy.isClosed());
            HttpFixture.await(() -> !closer.isAlive());
        }
    }

    @Test
    void closingWaitsForAConnectionThatItsLoopHasNotSeenYet() throws Exception {
        CountDownLatch isFree = new CountDownLatch(1);
        SingleThreadEventExecutor loop = (SingleThreadEventExecutor) fixture.loops.next();
        var _ = loop.submit(() -> isFree.await(20, TimeUnit.SECONDS));
        HttpFixture.await(() -> loop.pendingTasks() == 0);
        Thread closer = Thread.ofPlatform().unstarted(fixture.server::close);
        try (RawClient client = fixture.client()) {
            client.post(INFER, body("early"));
            HttpFixture.await(() -> loop.pendingTasks() > 0);
            closer.start();
            HttpFixture.await(
                    () -> closer.getState() == Thread.State.TIMED_WAITING || !closer.isAlive());
            assertTrue(closer.isAlive(), "closed over a request");
            isFree.countDown();
            Answer answer = client.read();
            assertEquals(200, answer.status(), answer.text());
            assertEquals("close", answer.header("connection"));
        } finally {
            isFree.countDown();
        }
        closer.join();
    }

    @Test
    void connectionsOfAnAddressAreLimited() throws IOException {
        use(new HttpFixture(ChangedLimits.connectionsPerAddress(2)));
        try (RawClient first = fixture.client();
                RawClient second = fixture.client()) {
            assertEquals(200, first.get("/v2").read().status());
            assertEquals(200, second.get("/v2").read().status());
            try (RawClient third = fixture.client()) {
                assertTrue(third.isClosed());
            }
            assertRefused(Refused.CONNECTIONS_PER_ADDRESS);
        }
        HttpFixture.await(this::isAdmitted);
    }

    private boolean isAdmitted() {
        try (RawClient client = fixture.client()) {
            return client.get("/v2").read().status() == 200;
        } catch (IOException e) {
            return false;
        }
    }
}
