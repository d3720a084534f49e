package dev.penstock.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.http.RawClient.Answer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Requests that mean harm or are just wrong. Each gets its answer, and a good request after it gets
 * its own: on the same connection where that may stay, on another where it may not.
 */
abstract class HostileRequests {
    static final String GOOD_BODY =
            "{\"inputs\":[{\"name\":\"X\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1]}]}";
    static final String INFER = "/v2/models/fp32/infer";

    static HttpFixture fixture;

    /**
     * One request.
     *
     * @param status of the answer; 0 when the connection just ends
     * @param fragment that the answer's body holds
     * @param closes whether the connection ends after the answer
     */
    @SuppressWarnings("ArrayRecordComponent") // compared by no test
    record Case(String name, byte[] request, int status, String fragment, boolean closes) {}

    final List<Case> cases = new ArrayList<>();

    @BeforeAll
    static void open() {
        fixture = new HttpFixture();
        fixture.pending("loading", 3);
    }

    @AfterAll
    static void close() {
        fixture.close();
    }

    /** Adds the cases of a test. */
    abstract void addCases() throws IOException;

    @TestFactory
    List<DynamicTest> eachIsAnsweredAndTheNextRequestToo() throws IOException {
        addCases();
        return cases.stream().map(c -> DynamicTest.dynamicTest(c.name(), () -> run(c))).toList();
    }

    private void run(Case hostile) throws IOException {
        long before = fixture.pool.bytesOut();
        try (RawClient client = fixture.client()) {
            client.send(hostile.request());
            Answer answer = client.read();
            assertEquals(hostile.status(), answer.status(), answer.text());
            assertTrue(answer.text().contains(hostile.fragment()), answer.text());
            assertTrue(answer.text().startsWith("{\"error\":\""), answer.text());
            assertEquals("application/json", answer.header("content-type"));
            if (hostile.closes()) {
                assertEquals("close", answer.header("connection"));
                assertTrue(client.isClosed(), "open");
            } else {
                assertEquals(200, client.post(INFER, GOOD_BODY).read().status());
            }
        }
        try (RawClient other = fixture.client()) {
            assertEquals(200, other.post(INFER, GOOD_BODY).read().status());
        }
        HttpFixture.await(() -> fixture.pool.bytesOut() == before);
    }

    final void closes(String name, String request, int status, String fragment) {
        cases.add(
                new Case(
                        name,
                        request.getBytes(StandardCharsets.ISO_8859_1),
                        status,
                        fragment,
                        true));
    }

    final void stays(String name, byte[] request, int status, String fragment) {
        cases.add(new Case(name, request, status, fragment, false));
    }

    static byte[] post(String path, byte[] body, String... headers) {
        StringBuilder head = new StringBuilder("POST " + path + " HTTP/1.1\r\nHost: a\r\n");
        for (String header : headers) {
            head.append(header).append("\r\n");
        }
        head.append("Content-Length: ").append(body.length).append("\r\n\r\n");
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(head.toString().getBytes(StandardCharsets.ISO_8859_1));
        all.writeBytes(body);
        return all.toByteArray();
    }

    final void bad(String name, String json, String fragment) {
        stays(name, post(INFER, json.getBytes(StandardCharsets.UTF_8)), 400, fragment);
    }

    static byte[] body() {
        return GOOD_BODY.getBytes(StandardCharsets.UTF_8);
    }
}
