package dev.penstock.http;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.http.RawClient.Answer;
import dev.penstock.routing.Arm;
import dev.penstock.routing.Role;
import dev.penstock.routing.Route;
import dev.penstock.routing.RoutingKey;
import dev.penstock.routing.Rule;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.TensorSpec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HttpPredictionTest {
    private static final String ID =
            "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";

    private HttpFixture fixture;
    private RawClient client;

    @BeforeEach
    void open() throws IOException {
        fixture = new HttpFixture();
        client = fixture.client();
    }

    @AfterEach
    void close() throws IOException {
        client.close();
        fixture.close();
    }

    @Test
    void aRouteThatComesWithTheBodyIsMetWholeOrNotAtAll() throws IOException {
        var fp32 = EchoSession.echoing(new TensorSpec("X", DataType.FP32, Shape.of(-1)));
        fixture.add("canary", 1, fp32);
        fixture.add("canary", 2, fp32);
        String body =
                "{\"inputs\":[{\"name\":\"X\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1]}]}";
        // The connection is open on its loop before the head that counts is sent.
        assertEquals(200, client.get("/v2/health/live").read().status());
        client.send(
                "POST /v2/models/canary/infer HTTP/1.1\r\nHost: a\r\nX-Beta: 1\r\nContent-Length: "
                        + body.length()
                        + "\r\n\r\n"
                        + body.substring(0, 10));
        // An answer on another connection of the one loop: the head was read by then.
        try (RawClient other = fixture.client()) {
            assertEquals(200, other.get("/v2/health/live").read().status());
            assertEquals(200, other.get("/v2/health/live").read().status());
        }
        fixture.route(
                "canary",
                new Route(
                        List.of(new Arm("stable", 1, Role.STABLE, Arm.ALL_BP)),
                        new RoutingKey.Prediction(),
                        List.of(new Rule(Rule.On.HEADER, "x-beta", "1", null, 2)),
                        null,
                        "salt"));
        // The state before says the newest, 2; that of now says 2, too, by its rule. Without the
        // header, which nobody looked at when it came, it would be 1.
        Answer answer = client.send(body.substring(10)).read();
        assertEquals(200, answer.status(), answer.text());
        assertTrue(answer.text().contains("\"model_version\":\"2\""), answer.text());
        Answer next = infer("canary", body);
        assertTrue(next.text().contains("\"model_version\":\"1\""), next.text());
        Answer beta = infer("canary", body, "X-Beta: 1");
        assertTrue(beta.text().contains("\"model_version\":\"2\""), beta.text());
    }

    private Answer infer(String model, String body, String... headers) throws IOException {
        return client.post("/v2/models/" + model + "/infer", body, headers).read();
    }

    private static byte[] floats(float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            bytes.putFloat(value);
        }
        return bytes.array();
    }

    private static byte[] join(String json, byte[]... tensors) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(json.getBytes(StandardCharsets.UTF_8));
        for (byte[] tensor : tensors) {
            all.writeBytes(tensor);
        }
        return all.toByteArray();
    }

    private String echoed(String model, String type, int count, String data) throws IOException {
        Answer answer =
                infer(
                        model,
                        "{\"id\":\"q\",\"inputs\":[{\"name\":\"X\",\"shape\":["
                                + count
                                + "],\"datatype\":\""
                                + type
                                + "\",\"data\":"
                                + data
                                + "}]}");
        assertEquals(200, answer.status(), answer.text());
        String text = answer.text();
        String before =
                "{\"id\":\"q\",\"model_name\":\""
                        + model
                        + "\",\"model_version\":\"1\",\"outputs\":[{\"name\":\"X_OUT\",\"datatype\":\""
                        + type
                        + "\",\"shape\":["
                        + count
                        + "],\"data\":";
        assertTrue(text.startsWith(before), text);
        return text.substring(before.length(), text.length() - 3);
    }

    @Test
    void everyDatatypeOfJsonComesBackAsItWasSent() throws IOException {
        assertEquals("[true,false]", echoed("bool", "BOOL", 2, "[true, false]"));
        assertEquals("[0,255]", echoed("uint8", "UINT8", 2, "[0,255]"));
        assertEquals("[-128,127]", echoed("int8", "INT8", 2, "[-128,127]"));
        assertEquals("[65535]", echoed("uint16", "UINT16", 1, "[65535]"));
        assertEquals("[-32768]", echoed("int16", "INT16", 1, "[-32768]"));
        assertEquals("[4294967295]", echoed("uint32", "UINT32", 1, "[4294967295]"));
        assertEquals("[-2147483648]", echoed("int32", "INT32", 1, "[-2147483648]"));
        assertEquals(
                "[18446744073709551615]", echoed("uint64", "UINT64", 1, "[18446744073709551615]"));
        assertEquals(
                "[-9223372036854775808,9223372036854775807]",
                echoed("int64", "INT64", 2, "[-9223372036854775808,9223372036854775807]"));
        assertEquals(
                "[1.5,-0.0,NaN,Infinity,-Infinity,3.4028235E38]",
                echoed("fp32", "FP32", 6, "[1.5,-0,NaN,Infinity,-Infinity,3.4028235e38]"));
        assertEquals("[0.1,NaN,1.0E-300]", echoed("fp64", "FP64", 3, "[0.1, NaN ,1e-300]"));
        assertEquals(
                "[\"\",\"a\\\"b\\n\",\"ä€😀\"]",
                echoed("bytes", "BYTES", 3, "[\"\",\"a\\\"b\\u000a\",\"ä\\u20ac\\ud83d\\ude00\"]"));
        assertEquals("[]", echoed("fp32", "FP32", 0, "[]"));
    }

    @Test
    void nestingOfDataDoesNotMatter() throws IOException {
        assertEquals("[1.0,2.0,3.0,4.0]", echoed("fp32", "FP32", 4, "[[1,2],[3,4]]"));
        assertEquals("[1.0,2.0,3.0,4.0]", echoed("fp32", "FP32", 4, "[[[1],2],[],3,[4]]"));
        assertEquals("[1.0]", echoed("fp32", "FP32", 1, "[".repeat(50) + "1" + "]".repeat(50)));
    }

    @Test
    void dataMayComeBeforeWhatItIs() throws IOException {
        Answer answer =
                infer(
                        "fp32",
                        "{\"inputs\":[{\"data\":[1,2],\"parameters\":{\"x\":1},\"shape\":[2],"
                                + "\"datatype\":\"FP32\",\"name\":\"X\"}],\"more\":{\"a\":[1,{}]}}");
        assertEquals(200, answer.status(), answer.text());
        assertTrue(answer.text().endsWith("\"data\":[1.0,2.0]}]}"), answer.text());
    }

    @Test
    void theAnswerNamesThePredictionTheVersionTheRouteAndItsTimes() throws IOException {
        Answer answer =
                infer(
                        "fp32",
                        "{\"inputs\":[{\"name\":\"X\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1]}]}",
                        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        String id = answer.header("penstock-prediction-id");
        assertTrue(id.matches(ID), id);
        assertTrue(answer.text().startsWith("{\"id\":\"" + id + "\",\"model_name\""));
        assertEquals("fp32/1; digest=0123456789abcdef", answer.header("penstock-model"));
        assertEquals("r0; arm=stable", answer.header("penstock-route"));
        String timing = answer.header("server-timing");
        assertTrue(
                timing.matches(
                        "queue;dur=\\d+\\.\\d{3}, compute;dur=\\d+\\.\\d{3}, total;dur=\\d+\\.\\d{3}"),
                timing);
        String trace = answer.header("traceparent");
        assertTrue(
                trace.matches("00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01")
                        && !trace.contains("b7ad6b7169203331"),
                trace);
        assertEquals("application/json", answer.header("content-type"));
        assertNull(answer.header("connection"));
    }

    @Test
    void aTraceThatNobodyBeganBeginsWithThePrediction() throws IOException {
        Answer answer =
                infer(
                        "fp32",
                        "{\"inputs\":[{\"name\":\"X\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1]}]}");
        String digits = answer.header("penstock-prediction-id").replace("-", "");
        // The span is the second half of the id without its variant, the two highest bits.
        long span = Long.parseUnsignedLong(digits.substring(16), 16) & 0x3fff_ffff_ffff_ffffL;
        assertEquals(
                String.format(Locale.ROOT, "00-%s-%016x-00", digits, span),
                answer.header("traceparent"));
    }

    @Test
    void aNamedVersionIsPinned() throws IOException {
        Answer answer =
                client.post(
                                "/v2/models/fp32/versions/1/infer",
                                "{\"inputs\":[{\"name\":\"X\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1]}]}")
                        .read();
        assertEquals(200, answer.status());
        assertEquals("r0; arm=pinned", answer.header("penstock-route"));
    }

    @Test
    void theIdOfTheBodyWinsOverTheHeadersId() throws IOException {
        String input =
                "\"inputs\":[{\"name\":\"X\",\"shape\":[0],\"datatype\":\"FP32\",\"data\":[]}]}";
        assertTrue(
                infer("fp32", "{\"id\":\"b\"," + input, "x-request-id: h")
                        .text()
                        .startsWith("{\"id\":\"b\","));
        assertTrue(
                infer("fp32", "{" + input, "x-request-id: h").text().startsWith("{\"id\":\"h\","));
    }

    @Test
    void anIdOfTheHeaderThatIsTooLongIsAsIfThereWereNone() throws IOException {
        String input =
                "{\"inputs\":[{\"name\":\"X\",\"shape\":[0],\"datatype\":\"FP32\",\"data\":[]}]}";
        Answer answer = infer("fp32", input, "x-request-id: " + "i".repeat(257));
        assertEquals(200, answer.status());
        String made = answer.header("penstock-prediction-id");
        assertTrue(answer.text().startsWith("{\"id\":\"" + made + "\""), answer.text());
        String longest = "i".repeat(256);
        assertTrue(
                infer("fp32", input, "x-request-id: " + longest)
                        .text()
                        .startsWith("{\"id\":\"" + longest + "\","));
    }

    @Test
    void tensorsBehindTheJsonComeBackBehindTheJson() throws IOException {
        String json =
                "{\"inputs\":[{\"name\":\"A\",\"shape\":[1,2],\"datatype\":\"FP32\","
                        + "\"parameters\":{\"binary_data_size\":8}},{\"name\":\"B\",\"shape\":[1],"
                        + "\"datatype\":\"INT64\",\"parameters\":{\"binary_data_size\":8}}],"
                        + "\"parameters\":{\"binary_data_output\":true}}";
        // The padding moves the tensors over all alignments.
        for (int pad = 0; pad < 9; pad++) {
            String padded = json + " ".repeat(pad);
            byte[] a = floats(pad, -1.5f);
            byte[] b = {1, 2, 3, 4, 5, 6, 7, (byte) pad};
            Answer answer =
                    client.post(
                                    "/v2/models/pair/infer",
                                    join(padded, a, b),
                                    "Inference-Header-Content-Length: " + padded.length())
                            .read();
            assertEquals(200, answer.status(), answer.text());
            assertEquals("application/octet-stream", answer.header("content-type"));
            String head = answer.json();
            assertTrue(
                    head.endsWith(
                            "\"outputs\":[{\"name\":\"A_OUT\",\"datatype\":\"FP32\",\"shape\":[1,2],"
                                    + "\"parameters\":{\"binary_data_size\":8}},{\"name\":\"B_OUT\","
                                    + "\"datatype\":\"INT64\",\"shape\":[1],\"parameters\":"
                                    + "{\"binary_data_size\":8}}]}"),
                    head);
            byte[] tensors =
                    java.util.Arrays.copyOfRange(
                            answer.body(), head.length(), answer.body().length);
            assertArrayEquals(join("", a, b), tensors);
        }
    }

    @Test
    void formsMayBeMixedAndOutputsChosen() throws IOException {
        String json =
                "{\"inputs\":[{\"name\":\"B\",\"shape\":[2],\"datatype\":\"INT64\",\"data\":[7,8]},"
                        + "{\"name\":\"A\",\"shape\":[1,2],\"datatype\":\"FP32\","
                        + "\"parameters\":{\"binary_data_size\":8}}],\"outputs\":[{\"name\":\"B_OUT\"},"
                        + "{\"name\":\"A_OUT\",\"parameters\":{\"binary_data\":true}}],"
                        + "\"parameters\":{\"binary_data_output\":true}}";
        byte[] a = floats(1, 2);
        Answer answer =
                client.post(
                                "/v2/models/pair/infer",
                                join(json, a),
                                "inference-header-content-length: " + json.length())
                        .read();
        assertEquals(200, answer.status(), answer.text());
        String head = answer.json();
        // An output asked for by name does not inherit the request's default.
        assertTrue(
                head.contains(
                        "\"name\":\"B_OUT\",\"datatype\":\"INT64\",\"shape\":[2],\"data\":[7,8]"),
                head);
        assertArrayEquals(
                a,
                java.util.Arrays.copyOfRange(answer.body(), head.length(), answer.body().length));
    }

    @Test
    void eachOfManyOutputsComesInItsOwnForm() throws IOException {
        TensorSpec[] specs = new TensorSpec[70];
        StringBuilder inputs = new StringBuilder();
        StringBuilder outputs = new StringBuilder();
        for (int i = 0; i < specs.length; i++) {
            specs[i] = new TensorSpec("I" + i, DataType.UINT8, Shape.of(1));
            inputs.append(i == 0 ? "" : ",")
                    .append("{\"name\":\"I" + i + "\",\"shape\":[1],\"datatype\":\"UINT8\"")
                    .append(",\"data\":[" + i + "]}");
            // Bit 1 and bit 65 of the form: the same place in two words.
            outputs.append(i == 0 ? "" : ",")
                    .append("{\"name\":\"I" + i + "_OUT\",\"parameters\":{\"binary_data\":")
                    .append((i == 65) + "}}");
        }
        fixture.add("many", 1, EchoSession.echoing(specs));
        Answer answer =
                infer("many", "{\"inputs\":[" + inputs + "],\"outputs\":[" + outputs + "]}");
        assertEquals(200, answer.status(), answer.text());
        String head = answer.json();
        assertTrue(head.contains("\"I1_OUT\",\"datatype\":\"UINT8\",\"shape\":[1],\"data\":[1]"));
        assertTrue(head.contains("\"shape\":[1],\"parameters\":{\"binary_data_size\":1}"), head);
        // What is behind the JSON is the one byte of output 65, which is A as a letter.
        assertEquals(head + "A", answer.text());
    }

    @Test
    void aLargeBodyInPiecesArrivesWhole() throws IOException {
        int count = 300_000;
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = i * 0.5f;
        }
        byte[] tensor = floats(values);
        String json =
                "{\"inputs\":[{\"name\":\"X\",\"shape\":["
                        + count
                        + "],\"datatype\":\"FP32\",\"parameters\":{\"binary_data_size\":"
                        + tensor.length
                        + "}}],\"parameters\":{\"binary_data_output\":true}}";
        byte[] body = join(json, tensor);
        String length = "Inference-Header-Content-Length: " + json.length();
        Answer answer = client.post("/v2/models/fp32/infer", body, length).read();
        assertEquals(200, answer.status(), answer.json());
        assertArrayEquals(
                tensor,
                java.util.Arrays.copyOfRange(
                        answer.body(), answer.json().length(), answer.body().length));
        client.send(
                "POST /v2/models/fp32/infer HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                        + length
                        + "\r\n\r\n");
        int step = 50_000;
        for (int at = 0; at < body.length; at += step) {
            int size = Math.min(step, body.length - at);
            client.send(Integer.toHexString(size) + "\r\n");
            client.send(java.util.Arrays.copyOfRange(body, at, at + size));
            client.send("\r\n");
        }
        Answer chunked = client.send("0\r\n\r\n").read();
        assertEquals(200, chunked.status(), chunked.json());
        assertArrayEquals(
                tensor,
                java.util.Arrays.copyOfRange(
                        chunked.body(), chunked.json().length(), chunked.body().length));
    }

    @Test
    void theRawFormTakesTheOnlyInput() throws IOException {
        Answer answer =
                client.post(
                                "/v2/models/fp32/infer",
                                floats(1, 2, 3),
                                "Inference-Header-Content-Length: 0")
                        .read();
        assertEquals(200, answer.status(), answer.text());
        assertTrue(
                answer.json().contains("\"shape\":[3],\"parameters\":{\"binary_data_size\":12}"));
        Answer batched =
                client.post(
                                "/v2/models/batched/infer",
                                floats(1, 2, 3),
                                "Inference-Header-Content-Length: 0")
                        .read();
        assertTrue(batched.json().contains("\"shape\":[1,3]"), batched.json());
        Answer string =
                client.post("/v2/models/one/infer", "hello", "Inference-Header-Content-Length: 0")
                        .read();
        // The element comes back with its length before it.
        assertTrue(string.json().contains("\"binary_data_size\":9"), string.json());
        assertTrue(string.text().endsWith("\5\0\0\0hello"));
    }

    @Test
    void largeAnswersAreCompressedForThoseWhoPreferIt() throws Exception {
        String data = "0.5,".repeat(999) + "0.5";
        String body =
                "{\"inputs\":[{\"name\":\"X\",\"shape\":[1000],\"datatype\":\"FP32\",\"data\":["
                        + data
                        + "]}]}";
        Answer gzip = infer("fp32", body, "Accept-Encoding: br, gzip;q=0.8, deflate;q=0.5");
        assertEquals("gzip", gzip.header("content-encoding"));
        String text =
                new String(
                        new java.util.zip.GZIPInputStream(
                                        new java.io.ByteArrayInputStream(gzip.body()))
                                .readAllBytes(),
                        StandardCharsets.UTF_8);
        assertTrue(text.endsWith(",\"data\":[" + data + "]}]}"), text);
        Answer deflate = infer("fp32", body, "Accept-Encoding: deflate, gzip");
        assertEquals("deflate", deflate.header("content-encoding"));
        assertTrue(
                new String(
                                new java.util.zip.InflaterInputStream(
                                                new java.io.ByteArrayInputStream(deflate.body()))
                                        .readAllBytes(),
                                StandardCharsets.UTF_8)
                        .endsWith(data + "]}]}"));
        assertNull(
                infer("fp32", body, "Accept-Encoding: identity, gzip;q=0.5")
                        .header("content-encoding"));
        assertNull(infer("fp32", body, "Accept-Encoding: gzip;q=0").header("content-encoding"));
        assertNull(infer("fp32", body).header("content-encoding"));
        String small =
                "{\"inputs\":[{\"name\":\"X\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1]}]}";
        assertNull(infer("fp32", small, "Accept-Encoding: gzip").header("content-encoding"));
    }

    @Test
    void compressedRequestsAreRead() throws Exception {
        String json =
                "{\"inputs\":[{\"name\":\"X\",\"shape\":[2],\"datatype\":\"FP32\",\"data\":[1,2]}]}";
        ByteArrayOutputStream gzip = new ByteArrayOutputStream();
        try (var out = new java.util.zip.GZIPOutputStream(gzip)) {
            out.write(json.getBytes(StandardCharsets.UTF_8));
        }
        ByteArrayOutputStream zlib = new ByteArrayOutputStream();
        try (var out = new java.util.zip.DeflaterOutputStream(zlib)) {
            out.write(json.getBytes(StandardCharsets.UTF_8));
        }
        Answer first =
                client.post("/v2/models/fp32/infer", gzip.toByteArray(), "Content-Encoding: gzip")
                        .read();
        assertEquals(200, first.status(), first.text());
        Answer second =
                client.post(
                                "/v2/models/fp32/infer",
                                zlib.toByteArray(),
                                "Content-Encoding: deflate")
                        .read();
        assertEquals(200, second.status(), second.text());
        assertTrue(second.text().endsWith("[1.0,2.0]}]}"));
    }

    @Test
    void metadataTellsWhatTheModelsTake() throws IOException {
        assertEquals(
                "{\"name\":\"penstock\",\"version\":\"1.2.3\",\"extensions\":[\"binary_tensor_data\"]}",
                client.get("/v2").read().text());
        assertEquals("{\"live\":true}", client.get("/v2/health/live").read().text());
        assertEquals("{\"ready\":true}", client.get("/v2/health/ready?x=1").read().text());
        assertEquals(
                "{\"name\":\"pair\",\"versions\":[\"1\"],\"platform\":\"onnxruntime_onnx\",\"inputs\":["
                        + "{\"name\":\"A\",\"datatype\":\"FP32\",\"shape\":[-1,2]},"
                        + "{\"name\":\"B\",\"datatype\":\"INT64\",\"shape\":[-1]}],\"outputs\":["
                        + "{\"name\":\"A_OUT\",\"datatype\":\"FP32\",\"shape\":[-1,2]},"
                        + "{\"name\":\"B_OUT\",\"datatype\":\"INT64\",\"shape\":[-1]}]}",
                client.get("/v2/models/pair").read().text());
        assertEquals(200, client.get("/v2/models/pair/versions/1/ready").read().status());
        assertEquals(200, client.get("/v2/models/p%61ir").read().status());
        fixture.add("pair", 12, EchoSession.echoing());
        assertTrue(
                client.get("/v2/models/pair")
                        .read()
                        .text()
                        .contains("\"versions\":[\"1\",\"12\"]"));
        assertTrue(
                client.get("/v2/models/pair/versions/12")
                        .read()
                        .text()
                        .contains("\"versions\":[\"12\"]"));
    }

    @Test
    void headGetsTheLengthWithoutTheBody() throws IOException {
        Answer answer = client.send("HEAD /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n").read(true);
        assertEquals(200, answer.status());
        // {"live":true} has 13 characters.
        assertEquals("13", answer.header("content-length"));
        assertEquals(200, client.get("/v2/health/live").read().status());
    }
}
