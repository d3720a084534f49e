package dev.penstock.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.http.RawClient.Answer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Requests that mean harm or are just wrong. Each gets its answer, and a good request after it gets
 * its own: on the same connection where that may stay, on another where it may not.
 */
class HostileRequestTest {
    private static final String GOOD_BODY =
            "{\"inputs\":[{\"name\":\"X\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1]}]}";
    private static final String INFER = "/v2/models/fp32/infer";

    private static HttpFixture fixture;

    /**
     * One request.
     *
     * @param status of the answer; 0 when the connection just ends
     * @param fragment that the answer's body holds
     * @param closes whether the connection ends after the answer
     */
    @SuppressWarnings("ArrayRecordComponent") // compared by no test
    private record Case(String name, byte[] request, int status, String fragment, boolean closes) {}

    private final List<Case> cases = new ArrayList<>();

    @BeforeAll
    static void open() {
        fixture = new HttpFixture();
        fixture.pending("loading", 3);
    }

    @AfterAll
    static void close() {
        fixture.close();
    }

    @TestFactory
    List<DynamicTest> eachIsAnsweredAndTheNextRequestToo() throws IOException {
        requestLines();
        headers();
        lengths();
        chunks();
        routes();
        json();
        requests();
        tensors();
        binary();
        strings();
        raw();
        encodings();
        assertTrue(cases.size() >= 130, "cases: " + cases.size());
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

    private void closes(String name, String request, int status, String fragment) {
        cases.add(
                new Case(
                        name,
                        request.getBytes(StandardCharsets.ISO_8859_1),
                        status,
                        fragment,
                        true));
    }

    private void stays(String name, byte[] request, int status, String fragment) {
        cases.add(new Case(name, request, status, fragment, false));
    }

    private static byte[] post(String path, byte[] body, String... headers) {
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

    private void bad(String name, String json, String fragment) {
        stays(name, post(INFER, json.getBytes(StandardCharsets.UTF_8)), 400, fragment);
    }

    private void requestLines() {
        String rest = "\r\nHost: a\r\n\r\n";
        closes("no version", "GET /v2" + rest, 400, "BAD_REQUEST");
        closes("two spaces before target", "GET  /v2 HTTP/1.1" + rest, 400, "request line");
        closes("two spaces before version", "GET /v2  HTTP/1.1" + rest, 400, "request line");
        closes("space before method", " GET /v2 HTTP/1.1" + rest, 400, "request line");
        closes("space after version", "GET /v2 HTTP/1.1 " + rest, 400, "BAD_REQUEST");
        closes("tab as separator", "GET\t/v2 HTTP/1.1" + rest, 400, "BAD_REQUEST");
        closes("four words", "GET /v2 x HTTP/1.1" + rest, 400, "BAD_REQUEST");
        closes("HTTP/2.0", "GET /v2 HTTP/2.0" + rest, 400, "HTTP/1.1");
        closes("HTTP/1.2", "GET /v2 HTTP/1.2" + rest, 400, "HTTP/1.1");
        closes("HTTP/0.9", "GET /v2 HTTP/0.9" + rest, 400, "HTTP/1.1");
        closes("lower-case http", "GET /v2 http/1.1" + rest, 400, "HTTP/1.1");
        closes("HTTP/1.1x", "GET /v2 HTTP/1.1x" + rest, 400, "HTTP/1.1");
        closes("HTTP/01.1", "GET /v2 HTTP/01.1" + rest, 400, "HTTP/1.1");
        closes("preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "HTTP/1.1");
        closes("NUL in target", "GET /v2\0 HTTP/1.1" + rest, 400, "target");
        closes("control byte in target", "GET /v2\u0001x HTTP/1.1" + rest, 400, "target");
        closes("DEL in target", "GET /v2\u007f HTTP/1.1" + rest, 400, "target");
        closes("Latin-1 in target", "GET /v2\u00e4 HTTP/1.1" + rest, 400, "target");
        closes("method of control bytes", "G\u0001T /v2 HTTP/1.1" + rest, 400, "method");
        closes("method with colon", "GE:T /v2 HTTP/1.1" + rest, 400, "method");
        closes("method too long", "G".repeat(40) + " /v2 HTTP/1.1" + rest, 400, "request line");
        closes("bytes of TLS", "\u0016\u0003\u0001\0\u00a5\u0001\0\0\u00a1\r\n\r\n", 400, "BAD");
        closes("bare LF after request line", "GET /v2 HTTP/1.1\nHost: a\r\n\r\n", 400, "BAD");
        closes("bare LF after field", "GET /v2 HTTP/1.1\r\nHost: a\n\r\n", 400, "BAD");
        closes("bare LF as blank line", "GET /v2 HTTP/1.1\r\nHost: a\r\n\n", 400, "BAD");
        closes("bare CR in field", "GET /v2 HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400, "BAD");
        closes("line too long", "GET /" + "a".repeat(9000) + " HTTP/1.1" + rest, 414, "TOO_LONG");
    }

    private void headers() {
        String line = "GET /v2 HTTP/1.1\r\n";
        closes("no Host", line + "\r\n", 400, "Host");
        closes("two Hosts", line + "Host: a\r\nHost: a\r\n\r\n", 400, "Host");
        closes("Host with space", line + "Host: a b\r\n\r\n", 400, "Host");
        closes("Host with slash", line + "Host: a/b\r\n\r\n", 400, "Host");
        closes("Host with at sign", line + "Host: u@b\r\n\r\n", 400, "Host");
        closes("two Hosts in one", line + "Host: a,b\r\n\r\n", 400, "Host");
        closes("space before colon", line + "Host : a\r\n\r\n", 400, "name");
        closes("tab before colon", line + "Host: a\r\nX\t: a\r\n\r\n", 400, "name");
        closes("folded field", line + "Host: a\r\nX: a\r\n b\r\n\r\n", 400, "folded");
        closes("folded by tab", line + "Host: a\r\nX: a\r\n\tb\r\n\r\n", 400, "folded");
        closes("fold first", line + " Host: a\r\n\r\n", 400, "folded");
        closes(
                "fold behind blank lines",
                "\r\n\r\n" + line + "Host: a\r\n x\r\n\r\n",
                400,
                "folded");
        closes("no colon", line + "Host: a\r\nnonsense\r\n\r\n", 400, "BAD");
        closes("no name", line + "Host: a\r\n: x\r\n\r\n", 400, "name");
        closes("name with brackets", line + "Host: a\r\nX(y): x\r\n\r\n", 400, "name");
        closes("Latin-1 in name", line + "Host: a\r\nX\u00e4: x\r\n\r\n", 400, "name");
        closes("NUL in value", line + "Host: a\r\nX: a\0b\r\n\r\n", 400, "control");
        closes("escape in value", line + "Host: a\r\nX: a\u001bb\r\n\r\n", 400, "control");
        closes("101 fields", line + "Host: a\r\n" + "X: y\r\n".repeat(100) + "\r\n", 431, "fields");
        closes(
                "head too large",
                line + "Host: a\r\n" + ("X: " + "y".repeat(2000) + "\r\n").repeat(9) + "\r\n",
                431,
                "HEAD_TOO_LARGE");
        closes("one endless field", line + "X: " + "y".repeat(20_000), 431, "HEAD_TOO_LARGE");
        closes(
                "unknown expectation",
                "POST "
                        + INFER
                        + " HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 1\r\n\r\n",
                417,
                "100-continue");
        closes(
                "two expectations",
                "POST "
                        + INFER
                        + " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nExpect: x\r\n\r\n",
                400,
                "Expect");
    }

    private void lengths() {
        String post = "POST " + INFER + " HTTP/1.1\r\nHost: a\r\n";
        String te = "Transfer-Encoding: chunked\r\n";
        closes(
                "two lengths",
                post + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
                400,
                "more");
        closes("two lengths in one", post + "Content-Length: 1, 1\r\n\r\nx", 400, "length");
        closes(
                "two lengths, 1.0",
                "POST / HTTP/1.0\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
                400,
                "more");
        closes("length with plus", post + "Content-Length: +1\r\n\r\nx", 400, "length");
        closes("negative length", post + "Content-Length: -1\r\n\r\nx", 400, "length");
        closes("hexadecimal length", post + "Content-Length: 0x1\r\n\r\nx", 400, "length");
        closes("empty length", post + "Content-Length:\r\n\r\nx", 400, "length");
        closes(
                "endless length",
                post + "Content-Length: " + "9".repeat(30) + "\r\n\r\n",
                400,
                "len");
        closes("length over limit", post + "Content-Length: 67108865\r\n\r\n", 413, "67108864");
        closes(
                "length of 18 digits",
                post + "Content-Length: 999999999999999999\r\n\r\n",
                413,
                "TOO_LARGE");
        closes(
                "length over limit, asked first",
                post + "Expect: 100-continue\r\nContent-Length: 67108865\r\n\r\n",
                413,
                "TOO_LARGE");
        closes("two codings", post + te + te + "\r\n0\r\n\r\n", 400, "Transfer-Encoding");
        closes("coding gzip", post + "Transfer-Encoding: gzip\r\n\r\n", 400, "Transfer-Encoding");
        closes(
                "coding gzip, chunked",
                post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
                400,
                "chunked");
        closes("coding xchunked", post + "Transfer-Encoding: xchunked\r\n\r\n", 400, "chunked");
        closes(
                "coding with quotes",
                post + "Transfer-Encoding: \"chunked\"\r\n\r\n",
                400,
                "chunked");
        closes("coding identity", post + "Transfer-Encoding: identity\r\n\r\n", 400, "chunked");
        closes("empty coding", post + "Transfer-Encoding:\r\n\r\n", 400, "chunked");
        closes(
                "coding in HTTP/1.0",
                "POST " + INFER + " HTTP/1.0\r\n" + te + "\r\n0\r\n\r\n",
                400,
                "BAD_REQUEST");
        closes(
                "chunks and length: read as chunks, then closed",
                post + te + "Content-Length: 3\r\n\r\n2\r\n{}\r\n0\r\n\r\nGET /v2 HTTP/1.1\r\n\r\n",
                400,
                "inputs");
    }

    private void chunks() {
        String post =
                "POST " + INFER + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        closes("chunk size of no hex", post + "g\r\n{}\r\n0\r\n\r\n", 400, "MALFORMED_BODY");
        closes("chunk size negative", post + "-2\r\n{}\r\n0\r\n\r\n", 400, "MALFORMED_BODY");
        closes("chunk size 0x2", post + "0x2\r\n{}\r\n0\r\n\r\n", 400, "MALFORMED_BODY");
        closes("chunk size empty", post + "\r\n{}\r\n0\r\n\r\n", 400, "MALFORMED_BODY");
        closes("chunk size over int", post + "fffffffff\r\n{}\r\n", 400, "MALFORMED_BODY");
        closes("chunk size with bare LF", post + "2\n{}\r\n0\r\n\r\n", 400, "MALFORMED_BODY");
        closes("chunk longer than said", post + "1\r\n{}\r\n0\r\n\r\n", 400, "MALFORMED_BODY");
        closes("chunk without end", post + "2\r\n{}0\r\n\r\n", 400, "MALFORMED_BODY");
        closes("bare CR in extension", post + "2;a\rb\r\n{}\r\n0\r\n\r\n", 400, "MALFORMED_BODY");
        closes(
                "trailer too large",
                post + "2\r\n{}\r\n0\r\n" + ("T: " + "y".repeat(500) + "\r\n").repeat(9) + "\r\n",
                431,
                "railers");
        closes("trailer without colon", post + "2\r\n{}\r\n0\r\nT\r\n\r\n", 400, "MALFORMED_BODY");
        cases.add(
                new Case(
                        "65,537 chunks",
                        (post + "1\r\n \r\n".repeat(65_537) + "0\r\n\r\n")
                                .getBytes(StandardCharsets.ISO_8859_1),
                        400,
                        "chunks",
                        false));
        cases.add(
                new Case(
                        "chunks of a body that is not JSON",
                        (post + "3\r\nabc\r\n0\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1),
                        400,
                        "INVALID_JSON",
                        false));
    }

    private static byte[] get(String path) {
        return ("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n")
                .getBytes(StandardCharsets.ISO_8859_1);
    }

    private void routes() {
        stays("root", get("/"), 404, "Not Found");
        stays("slash at the end", get("/v2/"), 404, "Not Found");
        stays("two slashes", get("//v2"), 404, "Not Found");
        stays("dots", get("/v2/../v2"), 404, "Not Found");
        stays("asterisk", get("*"), 404, "Not Found");
        stays("metrics", get("/metrics"), 404, "port of their own");
        stays("unknown model", get("/v2/models/none"), 404, "unknown model: 'none' is not found");
        stays(
                "unknown version",
                get("/v2/models/fp32/versions/99"),
                404,
                "Request for unknown model: 'fp32' version 99 is not found");
        stays("version of letters", get("/v2/models/fp32/versions/one"), 404, "Not Found");
        stays(
                "version of 30 digits",
                get("/v2/models/fp32/versions/" + "9".repeat(30)),
                404,
                "not");
        stays("version 0", get("/v2/models/fp32/versions/0"), 404, "not found");
        stays("loading", get("/v2/models/loading"), 503, "'loading' is not at ready state");
        stays("encoded path", get("/v2/models/..%2f..%2fetc%2fpasswd"), 404, "is not found");
        stays("encoded NUL", get("/v2/models/a%00b"), 404, "not found");
        stays("encoded control", get("/v2/models/%1b%5b31m"), 404, "\\u001b[31m");
        stays("encoded quote", get("/v2/models/a%22b"), 404, "a\\\"b");
        stays("half an encoding", get("/v2/models/a%2"), 404, "Not Found");
        stays("encoded garbage", get("/v2/models/%ff%fe"), 404, "Not Found");
        stays(
                "PUT",
                "PUT /v2 HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII),
                405,
                "M");
        stays("GET on infer", get(INFER), 405, "POST");
        stays("POST on ready", post("/v2/health/ready", new byte[3]), 405, "GET");
        stays(
                "shared memory",
                post("/v2/systemsharedmemory/region/r/register", new byte[0]),
                501,
                "shared memory");
        stays("cuda", get("/v2/cudasharedmemory/status"), 501, "shared memory");
        stays("repository", post("/v2/repository/index", new byte[0]), 501, "not offered");
        stays("config", get("/v2/models/fp32/config"), 501, "not offered");
        stays("generate", post("/v2/models/fp32/generate", new byte[2]), 501, "not offered");
        stays(
                "infer none",
                post("/v2/models/none/infer", body()),
                404,
                "Request for unknown model");
        stays("infer loading", post("/v2/models/loading/infer", body()), 503, "not at ready state");
        stays("infer a path", post("/v2/models/..%2fx/infer", body()), 404, "is not found");
    }

    private static byte[] body() {
        return GOOD_BODY.getBytes(StandardCharsets.UTF_8);
    }

    private void json() {
        bad("empty body", "", "unexpected end");
        bad("blank body", "  \r\n ", "unexpected end");
        bad("array", "[]", "an object is expected");
        bad("null", "null", "an object is expected");
        bad("half a document", GOOD_BODY.substring(0, 40), "INVALID_JSON");
        bad("text after the end", GOOD_BODY + "x", "after the end");
        bad("two documents", GOOD_BODY + GOOD_BODY, "after the end");
        bad("NUL after the end", GOOD_BODY + "\0", "after the end");
        bad("byte order mark", "\ufeff" + GOOD_BODY, "INVALID_JSON");
        bad("comment", "/*x*/" + GOOD_BODY, "INVALID_JSON");
        bad("single quotes", GOOD_BODY.replace('"', '\''), "INVALID_JSON");
        bad("comma at the end", GOOD_BODY.replace("]}]}", "]}],}"), "INVALID_JSON");
        bad("comma in data", GOOD_BODY.replace("[1]}]", "[1,]}]"), "comma");
        bad("two commas in data", GOOD_BODY.replace("[1]}]", "[1,,2]}]"), "expected 1 elements");
        bad("no comma in data", GOOD_BODY.replace("[1]}]", "[1 2]}]"), "INVALID_JSON");
        bad("colon missing", "{\"inputs\" []}", "INVALID_JSON");
        bad(
                "duplicate key",
                GOOD_BODY.replace("{\"inputs\"", "{\"id\":\"a\",\"id\":\"b\",\"inputs\""),
                "twice");
        bad(
                "duplicate key, escaped",
                GOOD_BODY.replace("{\"inputs\"", "{\"id\":\"a\",\"\\u0069d\":\"b\",\"inputs\""),
                "twice");
        bad("depth of 65", "{\"x\":" + "[".repeat(64) + "]".repeat(64) + "}", "depth");
        bad("depth of 250,000", "{\"x\":" + "[".repeat(250_000), "depth");
        bad("depth of objects", "{\"x\":" + "{\"a\":".repeat(100_000), "depth");
        bad("depth of data", GOOD_BODY.replace("[1]}]", "[".repeat(120) + "]}]"), "depth");
        bad("control character", "{\"id\":\"a\nb\"}", "control");
        bad("NUL in string", "{\"id\":\"a\0b\"}", "control");
        bad("string without end", "{\"id\":\"abc", "end");
        bad("escape without end", "{\"id\":\"abc\\", "INVALID_JSON");
        bad("unknown escape", "{\"id\":\"\\x41\"}", "escape");
        bad("half an escape", "{\"id\":\"\\u12\"}", "escape");
        bad("half a pair", "{\"id\":\"\\ud83d\"}", "surrogate");
        bad("pair the wrong way", "{\"id\":\"\\ude00\\ud83d\"}", "surrogate");
        stays("bytes that are not UTF-8", post(INFER, bytes("{\"id\":\"\u00ff\"}")), 400, "UTF-8");
        stays("overlong UTF-8", post(INFER, bytes("{\"id\":\"\u00c0\u0080\"}")), 400, "UTF-8");
        stays(
                "surrogate in UTF-8",
                post(INFER, bytes("{\"id\":\"\u00ed\u00a0\u0080\"}")),
                400,
                "UTF-8");
        stays("UTF-8 cut off", post(INFER, bytes("{\"id\":\"\u00e2\u0082\"}")), 400, "UTF-8");
        stays("not UTF-8 where unread", post(INFER, bytes("{\"x\":\"\u0080\"}")), 400, "UTF-8");
        stays("UTF-16", post(INFER, GOOD_BODY.getBytes(StandardCharsets.UTF_16LE)), 400, "JSON");
        bad("65 keys", "{" + keys(65) + "}", "more than 64 keys");
    }

    private static byte[] bytes(String latin1) {
        return latin1.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static String keys(int count) {
        StringBuilder keys = new StringBuilder();
        for (int i = 0; i < count; i++) {
            keys.append(i == 0 ? "" : ",").append("\"k").append(i).append("\":0");
        }
        return keys.toString();
    }

    private void requests() {
        bad("no inputs", "{\"id\":\"a\"}", "inputs");
        bad("inputs null", "{\"inputs\":null}", "an array");
        bad("inputs of numbers", "{\"inputs\":[1]}", "an object");
        bad(
                "empty inputs",
                "{\"inputs\":[]}",
                "expected 1 inputs but got 0 inputs for model 'fp32'");
        bad("id a number", "{\"id\":1,\"inputs\":[]}", "a string");
        bad("id too long", "{\"id\":\"" + "x".repeat(257) + "\"}", "longer than 256");
        bad("name too long", GOOD_BODY.replace("\"X\"", "\"" + "x".repeat(257) + "\""), "longer");
        bad("outputs null", with("\"outputs\":null"), "an array");
        bad("output without name", with("\"outputs\":[{}]"), "name");
        bad(
                "output unknown",
                with("\"outputs\":[{\"name\":\"Z\"}]"),
                "unexpected inference output 'Z'");
        bad(
                "output twice",
                with("\"outputs\":[{\"name\":\"X_OUT\"},{\"name\":\"X_OUT\"}]"),
                "output 'X_OUT' already exists in request");
        bad(
                "binary_data a number",
                with("\"outputs\":[{\"name\":\"X_OUT\",\"parameters\":{\"binary_data\":1}}]"),
                "true");
        bad("parameter reserved", with("\"parameters\":{\"triton_x\":1}"), "triton_");
        bad("parameter an object", with("\"parameters\":{\"x\":{}}"), "must be a string");
        bad(
                "parameter too long",
                with("\"parameters\":{\"x\":\"" + "y".repeat(5000) + "\"}"),
                "longer");
        bad("timeout negative", with("\"parameters\":{\"timeout\":-1}"), "out of range");
        bad("timeout a fraction", with("\"parameters\":{\"timeout\":1.5}"), "integer");
        bad("65 parameters", with("\"parameters\":{" + keys(65) + "}"), "more than 64");
        stays(
                "classification",
                post(
                        INFER,
                        bytes(
                                with(
                                        "\"outputs\":[{\"name\":\"X_OUT\",\"parameters\":{\"classification\":3}}]"))),
                501,
                "classification");
        stays(
                "shared memory for an output",
                post(
                        INFER,
                        bytes(
                                with(
                                        "\"outputs\":[{\"name\":\"X_OUT\",\"parameters\":{\"shared_memory_region\":\"r\"}}]"))),
                501,
                "shared memory");
        stays(
                "shared memory for an input",
                post(
                        INFER,
                        bytes(
                                GOOD_BODY.replace(
                                        "\"data\":[1]",
                                        "\"parameters\":{\"shared_memory_region\":\"r\"}"))),
                501,
                "shared memory");
    }

    private static String with(String member) {
        return "{" + member + "," + GOOD_BODY.substring(1);
    }

    private static String input(String type, String shape, String data) {
        return "{\"inputs\":[{\"name\":\"X\",\"shape\":"
                + shape
                + ",\"datatype\":\""
                + type
                + "\",\"data\":"
                + data
                + "}]}";
    }

    private void range(String type, String value) {
        stays(
                type + " " + value,
                post(
                        "/v2/models/" + type.toLowerCase(java.util.Locale.ROOT) + "/infer",
                        bytes(input(type, "[1]", "[" + value + "]"))),
                400,
                "\"error\"");
    }

    private void tensors() {
        range("INT8", "128");
        range("INT8", "-129");
        range("UINT8", "256");
        range("UINT8", "-1");
        range("INT16", "32768");
        range("UINT16", "65536");
        range("INT32", "2147483648");
        range("INT32", "1e3");
        range("INT32", "1.0");
        range("UINT32", "4294967296");
        range("INT64", "9223372036854775808");
        range("INT64", "-9223372036854775809");
        range("UINT64", "18446744073709551616");
        range("UINT64", "-1");
        range("INT64", "\"1\"");
        range("INT64", "true");
        range("INT64", "null");
        range("INT64", "NaN");
        range("BOOL", "1");
        range("BOOL", "tru");
        range("FP32", "1e39");
        range("FP64", "1e309");
        range("FP64", "1e1000000000");
        range("FP64", "0." + "0".repeat(100) + "1");
        range("FP32", "\"1\"");
        range("FP32", "-NaN");
        range("FP32", "Infinit");
        range("FP32", "01");
        range("FP16", "1");
        range("BF16", "1");
        bad("data a number", input("FP32", "[1]", "1"), "an array");
        bad("data an object", input("FP32", "[1]", "{}"), "an array");
        bad("too few elements", input("FP32", "[3]", "[1,2]"), "expected 3 elements");
        bad("too many elements", input("FP32", "[1]", "[1,2]"), "expected 1 elements");
        bad("shape negative", input("FP32", "[-1]", "[1]"), "non-unsigned-integer");
        bad("shape a string", input("FP32", "[\"1\"]", "[1]"), "number");
        bad("shape a fraction", input("FP32", "[1.5]", "[1]"), "integer");
        bad("shape of rank 2", input("FP32", "[1,1]", "[1]"), "unexpected shape for input 'X'");
        bad(
                "shape of 33 dimensions",
                input("FP32", "[" + "1,".repeat(32) + "1]", "[1]"),
                "dimensions");
        bad(
                "shape overflows",
                input("FP32", "[4294967296,4294967296,4294967296]", "[1]"),
                "exceed maximum size");
        bad("shape overflows behind 0", input("FP32", "[0,9223372036854775807,2]", "[]"), "exceed");
        bad("size overflows", input("FP32", "[1000000000]", "[1]"), "byte size overflow");
        bad("a large shape, no data", input("FP32", "[500000000]", "[1]"), "expected 500000000");
        bad("datatype unknown", input("FLOAT", "[1]", "[1]"), "FLOAT");
        bad("datatype in lower case", input("fp32", "[1]", "[1]"), "fp32");
        bad("datatype of another", input("FP64", "[1]", "[1]"), "data-type is 'FP64'");
        bad(
                "name of another",
                GOOD_BODY.replace("\"X\"", "\"Y\""),
                "missing required input(s) ['X']");
        bad("input twice", "{\"inputs\":[" + one() + "," + one() + "]}", "already exists");
        bad("no data", GOOD_BODY.replace(",\"data\":[1]", ""), "exactly one");
        bad("no datatype", GOOD_BODY.replace(",\"datatype\":\"FP32\"", ""), "needs");
        bad("no shape", GOOD_BODY.replace("\"shape\":[1],", ""), "needs");
        bad("no name", GOOD_BODY.replace("\"name\":\"X\",", ""), "needs");
    }

    private static String one() {
        return GOOD_BODY.substring(11, GOOD_BODY.length() - 2);
    }

    private void binaryCase(String name, String json, String tail, String length, String fragment) {
        stays(
                name,
                post(INFER, bytes(json + tail), "Inference-Header-Content-Length: " + length),
                400,
                fragment);
    }

    private void binary() {
        String json = GOOD_BODY.replace("\"data\":[1]", "\"parameters\":{\"binary_data_size\":4}");
        String length = Integer.toString(json.length());
        binaryCase("no tensor", json, "", length, "unexpected end");
        binaryCase("half a tensor", json, "ab", length, "unexpected end");
        binaryCase("too much", json, "abcde", length, "unexpected additional input data");
        binaryCase("length over body", json, "abcd", "100000", "the body has");
        binaryCase("length negative", json, "abcd", "-1", "JSON_LENGTH");
        binaryCase("length no number", json, "abcd", "abc", "JSON_LENGTH");
        binaryCase("length over int", json, "abcd", "4294967296", "JSON_LENGTH");
        binaryCase("length too short", json, "abcd", "20", "INVALID_JSON");
        binaryCase(
                "length into the tensor",
                json,
                "abcd",
                Integer.toString(json.length() + 2),
                "after");
        binaryCase(
                "size negative",
                json.replace(":4}", ":-4}"),
                "",
                length,
                "number -4 is out of range");
        binaryCase(
                "size over int",
                json.replace(":4}", ":4294967296}"),
                "",
                Integer.toString(json.length() + 9),
                "range");
        binaryCase(
                "size a string",
                json.replace(":4}", ":\"4\"}"),
                "",
                Integer.toString(json.length() + 2),
                "number");
        binaryCase(
                "size and data",
                GOOD_BODY.replace(
                        "\"data\":[1]", "\"data\":[1],\"parameters\":{\"binary_data_size\":4}"),
                "",
                Integer.toString(GOOD_BODY.length() + 36),
                "exactly one");
        binaryCase(
                "size not of the shape",
                json.replace("[1]", "[2]"),
                "abcd",
                length,
                "byte size mismatch");
        binaryCase(
                "size of an overflowing shape",
                json.replace("[1]", "[4294967296,4294967296]"),
                "abcd",
                Integer.toString(json.length() + 20),
                "exceed maximum size");
        stays(
                "two JSON lengths in one",
                post(INFER, bytes(json + "abcd"), "Inference-Header-Content-Length: 1, 2"),
                400,
                "JSON_LENGTH");
    }

    private static byte[] element(String length, String text) {
        return bytes(length + text);
    }

    private void string(String name, byte[] data, int count, String fragment) {
        String json =
                "{\"inputs\":[{\"name\":\"X\",\"shape\":["
                        + count
                        + "],\"datatype\":\"BYTES\",\"parameters\":{\"binary_data_size\":"
                        + data.length
                        + "}}]}";
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(bytes(json));
        all.writeBytes(data);
        stays(
                name,
                post(
                        "/v2/models/bytes/infer",
                        all.toByteArray(),
                        "Inference-Header-Content-Length: " + json.length()),
                400,
                fragment);
    }

    private void strings() {
        string("element of half a length", element("\1\0", ""), 1, "incomplete");
        string("element over its tensor", element("\u0009\0\0\0", "abc"), 1, "incomplete");
        string("element of 4 GiB", element("\u00ff\u00ff\u00ff\u00ff", "abc"), 1, "incomplete");
        string(
                "one element too few",
                element("\1\0\0\0", "a"),
                2,
                "expected 2 string elements for inference input 'X' for model 'bytes', got 1");
        string(
                "one element too many",
                element("\0\0\0\0\0\0\0\0", ""),
                1,
                "unexpected number of string elements 2");
        string(
                "element over its limit",
                element("\1\0\u0010\0", "x".repeat(1 << 20) + "x"),
                1,
                "at most");
        string("not UTF-8 back as JSON", element("\1\0\0\0", "\u00ff"), 1, "binary_data");
        stays(
                "text element over its limit",
                post(
                        "/v2/models/bytes/infer",
                        bytes(input("BYTES", "[1]", "[\"" + "x".repeat((1 << 20) + 1) + "\"]"))),
                400,
                "longer");
        // Both are wrong, and the text names the last.
        String json =
                "{\"inputs\":[{\"name\":\"A\",\"shape\":[2],\"datatype\":\"BYTES\",\"parameters\":{\"binary_data_size\":4}},"
                        + "{\"name\":\"B\",\"shape\":[2],\"datatype\":\"BYTES\",\"parameters\":{\"binary_data_size\":4}}]}";
        stays(
                "two wrong counts",
                post(
                        "/v2/models/strings/infer",
                        bytes(json + "\0\0\0\0\0\0\0\0"),
                        "Inference-Header-Content-Length: " + json.length()),
                400,
                "inference input 'B'");
    }

    private void raw() {
        String zero = "Inference-Header-Content-Length: 0";
        stays(
                "raw for two inputs",
                post("/v2/models/pair/infer", new byte[8], zero),
                400,
                "must only have 1 input (found 1) to be deduced but got 2 inputs in");
        stays("raw of no multiple", post(INFER, new byte[7], zero), 400, "can not be deduced");
        stays(
                "raw for two open dimensions",
                post("/v2/models/open/infer", new byte[8], zero),
                400,
                "more than one variable-sized dimension");
        stays(
                "raw for open strings",
                post("/v2/models/strings/infer", new byte[8], zero),
                400,
                "but got 2 inputs");
        stays(
                "raw for no model",
                post("/v2/models/none/infer", new byte[8], zero),
                404,
                "unknown model");
    }

    private static byte[] gzip(byte[] plain) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
            out.write(plain);
        }
        return packed.toByteArray();
    }

    private void encodings() throws IOException {
        String gzip = "Content-Encoding: gzip";
        byte[] good = gzip(body());
        stays("encoding br", post(INFER, body(), "Content-Encoding: br"), 415, "encoding");
        stays("two encodings", post(INFER, good, "Content-Encoding: gzip, gzip"), 415, "encoding");
        stays("two encoding fields", post(INFER, good, gzip, gzip), 415, "encoding");
        stays("gzip of nothing", post(INFER, new byte[0], gzip), 400, "too early");
        stays("no gzip", post(INFER, body(), gzip), 400, "no gzip header");
        stays(
                "gzip cut off",
                post(INFER, java.util.Arrays.copyOf(good, good.length - 3), gzip),
                400,
                "too early");
        stays(
                "gzip with more",
                post(INFER, java.util.Arrays.copyOf(good, good.length + 1), gzip),
                400,
                "after its end");
        byte[] wrong = good.clone();
        wrong[good.length - 8] ^= 1;
        stays("gzip of wrong checksum", post(INFER, wrong, gzip), 400, "checksum");
        byte[] longer = good.clone();
        longer[good.length - 1] ^= 1;
        stays("gzip of wrong length", post(INFER, longer, gzip), 400, "length");
        byte[] corrupt = good.clone();
        java.util.Arrays.fill(corrupt, 12, 20, (byte) 0xff);
        stays("gzip corrupt", post(INFER, corrupt, gzip), 400, "malformed compressed body");
        byte[] flags = good.clone();
        flags[3] = (byte) 0x80;
        stays("gzip with reserved flags", post(INFER, flags, gzip), 400, "flags");
        stays(
                "zlib of no zlib",
                post(INFER, body(), "Content-Encoding: deflate"),
                400,
                "malformed");
        stays("gzip as deflate", post(INFER, good, "Content-Encoding: deflate"), 400, "malformed");
        // 60 MiB of zeros pack into 60 KiB: a thousandfold.
        cases.add(
                new Case(
                        "bomb",
                        post(INFER, gzip(new byte[60 << 20]), gzip),
                        413,
                        "100 times",
                        true));
    }
}
