package dev.penstock.lineage;

import static dev.penstock.lineage.LineageFixture.floatBytes;
import static dev.penstock.lineage.LineageFixture.settings;
import static dev.penstock.lineage.LineageFixture.texts;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.dialect.Dialects;
import dev.penstock.inference.CallFacts;
import dev.penstock.inference.Failure;
import dev.penstock.inference.RouteDecision;
import dev.penstock.inference.ShadowAnswer;
import dev.penstock.inference.ShadowVerdict;
import dev.penstock.inference.TraceContext;
import dev.penstock.lineage.LineageSettings.Payload;
import dev.penstock.lineage.RedactionRule.With;
import dev.penstock.runtime.Deadline;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorSet;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

final class RecordTest {
    private static final byte[] KEY = "an-entirely-public-test-secret-xx".getBytes(UTF_8);

    @TempDir Path folder;

    private LineageFixture open(Payload payload, RedactionRule... rules) throws IOException {
        return new LineageFixture(folder, settings(1, payload, rules));
    }

    private static RedactionRule rule(String input, @Nullable Integer column, With with) {
        return new RedactionRule("fraud", input, column, with, with == With.ROUND ? 1 : 0);
    }

    private static JsonNode only(JsonNode tensors) {
        assertEquals(1, tensors.size());
        return tensors.get(0);
    }

    private static byte[] le(int bytes, java.util.function.Consumer<ByteBuffer> writer) {
        ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        writer.accept(buffer);
        return buffer.array();
    }

    private static String hmac(byte[]... parts) throws Exception {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(KEY, "HmacSHA256"));
        for (byte[] part : parts) {
            mac.update(part);
        }
        return HexFormat.of().formatHex(mac.doFinal());
    }

    /** The bytes that a record's tensor stands for. */
    private static byte[] bytesOf(JsonNode tensor) {
        if (tensor.has("b64")) {
            return Base64.getDecoder().decode(tensor.get("b64").asString());
        }
        JsonNode data = tensor.get("data");
        int count = data.size();
        DataType type = requireNonNull(DataType.of(tensor.get("dtype").asString()));
        if (type == DataType.BYTES) {
            byte[][] all = new byte[count][];
            for (int i = 0; i < count; i++) {
                all[i] = data.get(i).asString().getBytes(UTF_8);
            }
            return texts(all);
        }
        return le(
                count * type.bytes(),
                out -> {
                    for (JsonNode each : data) {
                        switch (type) {
                            case BOOL -> out.put((byte) (each.asBoolean() ? 1 : 0));
                            case UINT8, INT8 -> out.put((byte) each.asInt());
                            case UINT16, INT16 -> out.putShort((short) each.asInt());
                            case UINT32, INT32 -> out.putInt((int) each.asLong());
                            case UINT64, INT64 -> out.putLong(each.bigIntegerValue().longValue());
                            case FP32 -> out.putFloat(Float.parseFloat(each.toString()));
                            case FP64 -> out.putDouble(Double.parseDouble(each.toString()));
                            default -> throw new AssertionError(type + " as data");
                        }
                    }
                });
    }

    @Test
    void everyValueOfEveryTypeReadsBackToTheSameBits() throws IOException {
        Map<DataType, byte[]> values =
                Map.ofEntries(
                        Map.entry(DataType.BOOL, new byte[] {0, 1, 1}),
                        Map.entry(DataType.UINT8, new byte[] {0, -1, 127, -128}),
                        Map.entry(DataType.INT8, new byte[] {0, -1, 127, -128}),
                        Map.entry(
                                DataType.UINT16,
                                le(4, b -> b.putShort((short) -1).putShort((short) 9))),
                        Map.entry(
                                DataType.INT16,
                                le(4, b -> b.putShort((short) -1).putShort((short) 9))),
                        Map.entry(DataType.UINT32, le(8, b -> b.putInt(-1).putInt(1 << 31))),
                        Map.entry(DataType.INT32, le(8, b -> b.putInt(-1).putInt(1 << 31))),
                        Map.entry(DataType.UINT64, le(16, b -> b.putLong(-1).putLong(1L << 63))),
                        Map.entry(DataType.INT64, le(16, b -> b.putLong(-1).putLong(1L << 63))),
                        Map.entry(
                                DataType.FP16,
                                le(4, b -> b.putShort((short) 0x3c00).putShort((short) 0x7e01))),
                        Map.entry(
                                DataType.BF16,
                                le(4, b -> b.putShort((short) 0x3f80).putShort((short) 0xffc1))),
                        Map.entry(
                                DataType.FP32,
                                floatBytes(
                                        -0.0f,
                                        Float.MIN_VALUE,
                                        Float.MAX_VALUE,
                                        0.1f,
                                        1e-7f,
                                        16777216f)),
                        Map.entry(
                                DataType.FP64,
                                le(
                                        40,
                                        b ->
                                                b.putDouble(-0.0)
                                                        .putDouble(Double.MIN_VALUE)
                                                        .putDouble(Double.MAX_VALUE)
                                                        .putDouble(0.1 + 0.2)
                                                        .putDouble(9007199254740992.0))),
                        Map.entry(
                                DataType.BYTES,
                                texts(
                                        new byte[] {0},
                                        "a\"\\\n\u007f\u2028é😀".getBytes(UTF_8),
                                        new byte[0])));
        assertEquals(Set.of(DataType.values()), values.keySet());
        try (LineageFixture fixture = open(Payload.FULL)) {
            LineageFixture.Call call = fixture.call();
            values.forEach(
                    (type, bytes) -> call.input(type.name(), type, shape(type, bytes), bytes));
            call.record();
            JsonNode in = fixture.record().get("in");
            assertEquals(values.size(), in.size());
            for (JsonNode tensor : in) {
                DataType type = requireNonNull(DataType.of(tensor.get("name").asString()));
                assertArrayEquals(values.get(type), bytesOf(tensor), tensor.toString());
                assertEquals(type.fitsJson(), tensor.has("data"), tensor.toString());
            }
            assertTrue(fixture.lines().toString().contains("18446744073709551615"));
        }
    }

    private static Shape shape(DataType type, byte[] bytes) {
        return Shape.of(type == DataType.BYTES ? 3 : bytes.length / type.bytes());
    }

    @Test
    void whatJsonCannotHoldStandsAsBytes() throws IOException {
        float quietNan = Float.intBitsToFloat(0x7fc0_1234);
        byte[] nan = floatBytes(1, quietNan, Float.NEGATIVE_INFINITY);
        byte[] broken = texts(new byte[] {(byte) 0xc3, 0x28}, "good".getBytes(UTF_8));
        byte[] oddBool = {0, 2};
        try (LineageFixture fixture = open(Payload.FULL)) {
            fixture.call()
                    .input("nan", DataType.FP32, Shape.of(3), nan)
                    .input("broken", DataType.BYTES, Shape.of(2), broken)
                    .input("bool", DataType.BOOL, Shape.of(2), oddBool)
                    .input("many", DataType.UINT8, Shape.of(17), new byte[17])
                    .input("none", DataType.FP32, Shape.of(0, 4), new byte[0])
                    .record();
            JsonNode in = fixture.record().get("in");
            List<byte[]> expected = List.of(nan, broken, oddBool, new byte[17]);
            for (int i = 0; i < expected.size(); i++) {
                assertTrue(in.get(i).has("b64"), in.get(i).toString());
                assertArrayEquals(expected.get(i), bytesOf(in.get(i)));
            }
            assertEquals("[]", in.get(4).get("data").toString());
        }
    }

    @Test
    void aLargeTensorStandsBesideTheRecord() throws IOException {
        byte[] fits = new byte[64 * 1024];
        byte[] large = new byte[64 * 1024 + 1];
        large[7] = 42;
        try (LineageFixture fixture = open(Payload.FULL)) {
            fixture.call()
                    .input("large", DataType.UINT8, Shape.of(large.length), large)
                    .input("fits", DataType.UINT8, Shape.of(fits.length), fits)
                    .record();
            JsonNode record = fixture.record();
            assertArrayEquals(fits, bytesOf(record.get("in").get(1)));
            JsonNode ref = record.get("in").get(0).get("ref");
            assertEquals(large.length, ref.get("bytes").asInt());
            assertEquals(
                    HexFormat.of().formatHex(sha256().digest(large)), ref.get("sha256").asString());
            try (var all = Files.walk(folder)) {
                Path blobs =
                        all.filter(f -> f.endsWith(ref.get("file").asString()))
                                .findFirst()
                                .orElseThrow();
                byte[] bytes = Files.readAllBytes(blobs);
                int from = ref.get("offset").asInt();
                assertArrayEquals(
                        large, java.util.Arrays.copyOfRange(bytes, from, from + large.length));
            }
        }
    }

    @Test
    void digestsStandForValuesUnlessTheyAreWanted() throws Exception {
        byte[] values = floatBytes(1.5f, -2);
        try (LineageFixture fixture = open(Payload.HASH)) {
            fixture.call()
                    .input("b", DataType.FP32, Shape.of(1, 2), values)
                    .input("a", DataType.INT8, Shape.of(1), new byte[] {5})
                    .record();
            JsonNode record = fixture.record();
            JsonNode b = record.get("in").get(0);
            assertFalse(b.has("data"));
            assertEquals(
                    HexFormat.of().formatHex(sha256().digest(values)), b.get("sha256").asString());
            MessageDigest whole = sha256();
            sized(
                    whole,
                    "a".getBytes(UTF_8),
                    "INT8".getBytes(UTF_8),
                    "[1]".getBytes(UTF_8),
                    new byte[] {5});
            sized(
                    whole,
                    "b".getBytes(UTF_8),
                    "FP32".getBytes(UTF_8),
                    "[1,2]".getBytes(UTF_8),
                    values);
            assertEquals(
                    HexFormat.of().formatHex(whole.digest()), record.get("in_sha256").asString());
        }
    }

    private static void sized(MessageDigest digest, byte[]... parts) {
        for (byte[] part : parts) {
            digest.update(le(4, b -> b.putInt(part.length)));
            digest.update(part);
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void withoutPayloadThereAreNamesAlone() throws IOException {
        try (LineageFixture fixture = open(Payload.NONE, rule("x", null, With.HMAC))) {
            fixture.call().floats("x", 0.25f).outputFloats("y", 0.75f).record();
            JsonNode record = fixture.record();
            assertFalse(record.has("in_sha256"));
            assertEquals(
                    "{\"name\":\"y\",\"dtype\":\"FP32\",\"shape\":[1,1]}",
                    only(record.get("out")).toString());
            assertFalse(record.get("in").toString().contains("hmac\":["));
        }
    }

    @Test
    void noByteOfWhatIsRedactedIsInTheLog() throws Exception {
        byte[] name = "Erika Mustermann".getBytes(UTF_8);
        byte[] city = "Heidelberg am Neckar".getBytes(UTF_8);
        float salary = 81_234.57f;
        RedactionRule[] rules = {
            rule("person", 0, With.DROP),
            rule("person", 1, With.HMAC),
            rule("money", null, With.DROP),
            rule("card", null, With.HMAC),
            rule("age", null, With.ROUND)
        };
        for (Payload payload : Payload.values()) {
            Path own = folder.resolve(payload.name());
            try (LineageFixture fixture = new LineageFixture(own, settings(1, payload, rules))) {
                fixture.call()
                        .input(
                                "person",
                                DataType.BYTES,
                                Shape.of(1, 3),
                                texts(name, city, "in-plain-sight".getBytes(UTF_8)))
                        .floats("money", salary)
                        .input(
                                "card",
                                DataType.INT64,
                                Shape.of(1),
                                le(8, b -> b.putLong(4_111_222_233_334_444L)))
                        .floats("age", 41.26f)
                        .record();
                String text = fixture.lines().toString();
                for (String secret :
                        List.of("Erika", "Heidelberg", "81234", "4111222233334444", "41.26")) {
                    assertFalse(text.contains(secret), payload + " holds " + secret);
                    byte[] bytes = secret.getBytes(UTF_8);
                    String encoded = Base64.getEncoder().withoutPadding().encodeToString(bytes);
                    assertFalse(text.contains(encoded), payload + " holds " + encoded);
                }
                for (byte[] secret : List.of(name, city, floatBytes(salary), floatBytes(41.26f))) {
                    String digest = HexFormat.of().formatHex(sha256().digest(secret));
                    assertFalse(text.contains(digest), payload + " holds a plain digest");
                }
                JsonNode record = fixture.record();
                assertTrue(record.has("red"));
                assertEquals(payload == Payload.FULL, text.contains("in-plain-sight"));
                if (payload == Payload.FULL) {
                    full(record, city);
                }
            }
        }
    }

    private static void full(JsonNode record, byte[] city) throws Exception {
        JsonNode person = record.get("in").get(0);
        assertEquals("[null,null,\"in-plain-sight\"]", person.get("data").toString());
        byte[] of = "person\0".getBytes(UTF_8);
        assertEquals(
                "[{\"col\":0,\"with\":\"drop\"},{\"col\":1,\"with\":\"hmac\",\"hmac\":[\""
                        + hmac(of, city).substring(0, 32)
                        + "\"]}]",
                person.get("red").toString());
        JsonNode money = record.get("in").get(1);
        assertEquals("[{\"with\":\"drop\"}]", money.get("red").toString());
        assertEquals(Set.of("name", "dtype", "shape", "red"), new TreeSet<>(money.propertyNames()));
        assertEquals("[41.3]", record.get("in").get(3).get("data").toString());
        // Keyed, for the values are few enough to be guessed.
        assertEquals(64, record.get("in_sha256").asString().length());
    }

    @Test
    void theDigestOfRedactedInputsIsKeyed() throws Exception {
        byte[] value = floatBytes(3);
        try (LineageFixture fixture = open(Payload.HASH, rule("x", null, With.DROP))) {
            fixture.call().input("x", DataType.FP32, Shape.of(1), value).record();
            byte[] size = le(4, b -> b.putInt(1));
            byte[] four = le(4, b -> b.putInt(4));
            byte[] three = le(4, b -> b.putInt(3));
            assertEquals(
                    hmac(
                            size,
                            "x".getBytes(UTF_8),
                            four,
                            "FP32".getBytes(UTF_8),
                            three,
                            "[1]".getBytes(UTF_8),
                            four,
                            value),
                    fixture.record().get("in_sha256").asString());
        }
    }

    @Test
    void aColumnOfManyRowsIsZeroAndItsHashIsOne() throws Exception {
        float[] values = new float[40];
        for (int i = 0; i < values.length; i++) {
            values[i] = i + 0.5f;
        }
        try (LineageFixture fixture =
                open(Payload.FULL, rule("x", 1, With.HMAC), rule("x", 0, With.ROUND))) {
            fixture.call().input("x", DataType.FP32, Shape.of(20, 2), floatBytes(values)).record();
            JsonNode x = only(fixture.record().get("in"));
            ByteBuffer kept = ByteBuffer.wrap(bytesOf(x)).order(ByteOrder.LITTLE_ENDIAN);
            byte[] column =
                    le(
                            80,
                            b -> {
                                for (int row = 0; row < 20; row++) {
                                    b.putFloat(values[2 * row + 1]);
                                }
                            });
            for (int row = 0; row < 20; row++) {
                assertEquals(values[2 * row], kept.getFloat(8 * row));
                assertEquals(0, kept.getInt(8 * row + 4));
            }
            assertEquals(
                    "[\"" + hmac("x\0".getBytes(UTF_8), column).substring(0, 32) + "\"]",
                    x.get("red").get(1).get("hmac").toString());
        }
    }

    @Test
    void aRuleThatCannotBeFollowedDrops() throws IOException {
        try (LineageFixture fixture =
                open(Payload.FULL, rule("flat", 1, With.ROUND), rule("text", null, With.ROUND))) {
            fixture.call()
                    .input("flat", DataType.FP32, Shape.of(2), floatBytes(1.25f, 2))
                    .input("text", DataType.BYTES, Shape.of(1), texts("hidden".getBytes(UTF_8)))
                    .record();
            for (JsonNode tensor : fixture.record().get("in")) {
                assertFalse(tensor.has("data"));
                assertEquals("[{\"with\":\"drop\"}]", tensor.get("red").toString());
            }
        }
    }

    @Test
    void aColumnMayBeKeptOfAnInputThatIsDropped() throws IOException {
        try (LineageFixture fixture =
                open(Payload.FULL, rule("x", null, With.DROP), rule("x", 1, With.KEEP))) {
            fixture.call().floats("x", 1, 2, 3).record();
            assertEquals(
                    "[null,2.0,null]", only(fixture.record().get("in")).get("data").toString());
        }
    }

    @Test
    void roundingIsToTheNearestDigitAndLeavesWhatHasNone() {
        assertEquals(0.1, RedactedValues.rounded(0.123, 1));
        assertEquals(-2.68, RedactedValues.rounded(-2.6789, 2));
        assertEquals(1e300, RedactedValues.rounded(1e300, 3));
        assertTrue(Double.isNaN(RedactedValues.rounded(Double.NaN, 2)));
        assertEquals(Double.POSITIVE_INFINITY, RedactedValues.rounded(Double.POSITIVE_INFINITY, 2));
    }

    @Test
    void hostileTextStaysText() throws IOException {
        String nasty = "\"},\"kind\":\"trailer\",\n\u0000\u001b\ud800x";
        try (LineageFixture fixture = open(Payload.FULL)) {
            LineageFixture.Call call = fixture.call();
            call.clientId = nasty;
            call.facts = new CallFacts(nasty, Map.of(), Map.of());
            call.route = new RouteDecision(3, nasty, 100, 0);
            call.input(nasty, DataType.UINT8, Shape.of(1), new byte[] {1}).record();
            JsonNode record = fixture.record();
            String told = nasty.replace('\ud800', '?');
            assertFalse(record.has("crid"));
            assertEquals(told, record.get("caller").get("id").asString());
            assertEquals(told, record.get("route").get("arm").asString());
            assertEquals(told, only(record.get("in")).get("name").asString());
            assertEquals(1, fixture.parsed("trailer").size());
        }
    }

    @Test
    void aRecordSaysWhatDecidedItsArm() throws Exception {
        try (LineageFixture fixture = open(Payload.NONE)) {
            LineageFixture.Call call = fixture.call();
            call.clientId = "order:17_a.b-c";
            call.position = 1L << 51;
            call.trace =
                    new TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "01");
            call.deadline = new Deadline(fixture.time.nanos() + 4_000_000);
            call.facts = new CallFacts("team-a", Map.of("x-user", "u17"), Map.of());
            call.route =
                    new RouteDecision(
                            9,
                            "canary",
                            1250,
                            RouteDecision.NO_RULE,
                            true,
                            null,
                            new RouteDecision.KeyDraw("s1", "x-user", false));
            call.record();
            JsonNode record = fixture.record();
            assertEquals("order:17_a.b-c", record.get("crid").asString());
            assertEquals(
                    "{\"arm\":\"canary\",\"w\":0.125,\"u\":0.5,\"salt\":\"s1\",\"key\":"
                            + "{\"by\":\"header:x-user\",\"hmac\":\""
                            + hmac("u17".getBytes(UTF_8)).substring(0, 32)
                            + "\"},\"rev\":9}",
                    record.get("route").toString());
            assertEquals("4bf92f3577b34da6a3ce929d0e0e4736", record.get("trace").asString());
            assertEquals("0000000000000001", record.get("span").asString());
            assertEquals(5000, record.get("deadline").asInt());
            assertEquals("[\"head\",\"canary\"]", record.get("smp").get("why").toString());
            // 2030-01-01 less the run's millisecond
            assertEquals(1_893_456_000_000_000L - 1000, record.get("ts").asLong());
            assertEquals(1000, record.get("lat").get("infer").asInt());
        }
    }

    @Test
    void realRecordsOfAllKindsFitTheSchema() throws IOException {
        Schema schema = schema();
        try (LineageFixture fixture =
                open(Payload.FULL, rule("x", 0, With.HMAC), rule("x", 1, With.ROUND))) {
            fixture.call().id(1).floats("x", 1, 2, 3).outputFloats("y", 4).record();
            LineageFixture.Call failed = fixture.call().id(2).floats("x", 1);
            failed.failure = new Failure.Internal("i-1");
            failed.record();
            LineageFixture.Call gone = fixture.call().id(3);
            gone.failure = new Failure.Cancelled();
            gone.record();
            Tensor other =
                    new Tensor(
                            "y",
                            DataType.FP32,
                            Shape.of(1),
                            ByteBuffer.allocateDirect(4).order(ByteOrder.LITTLE_ENDIAN));
            fixture.call()
                    .id(4)
                    .floats("x", 1)
                    .outputFloats("y", 2)
                    .complete()
                    .record(
                            new ShadowAnswer(
                                    LineageFixture.version("fraud", 8),
                                    ShadowVerdict.LABEL_FLIP,
                                    TensorSet.of(List.of(other), () -> {}),
                                    null,
                                    77_000));
            fixture.call()
                    .id(5)
                    .complete()
                    .record(
                            new ShadowAnswer(
                                    LineageFixture.version("fraud", 8),
                                    ShadowVerdict.TIMEOUT,
                                    null,
                                    new Failure.DeadlineExceeded("late"),
                                    0));
            fixture.call()
                    .id(6)
                    .input("z", DataType.UINT8, Shape.of(70_000), new byte[70_000])
                    .record();
            List<JsonNode> records = fixture.records();
            assertEquals(8, records.size());
            for (JsonNode record : records) {
                assertEquals(List.of(), schema.validate(record), record.toString());
            }
            pair(records.get(3), records.get(4));
        }
    }

    private static void pair(JsonNode primary, JsonNode shadow) {
        assertEquals(
                "{\"has_shadow\":true,\"verdict\":\"label_flip\"}", primary.get("pair").toString());
        assertEquals(
                "{\"rid\":"
                        + primary.get("rid")
                        + ",\"arm\":\"stable\",\"verdict\":\"label_flip\"}",
                shadow.get("pair").toString());
        assertEquals(primary.get("rid"), shadow.get("rid"));
        assertEquals(8, shadow.get("model").get("version").asInt());
        assertEquals("{\"infer\":77}", shadow.get("lat").toString());
        assertNull(shadow.get("in"));
    }

    @Test
    void theSchemaCatchesFaults() throws IOException {
        Schema schema = schema();
        try (LineageFixture fixture = open(Payload.FULL)) {
            fixture.call().floats("x", 1, 2).record();
            String good = fixture.record().toString();
            Map<String, String> faults =
                    Map.of(
                            "\"v\":1", "\"v\":2",
                            "\"p\":1.0", "\"p\":0",
                            "\"data\":[", "\"b64\":\"AA==\",\"data\":[",
                            "FP32", "FP33",
                            "\"why\":[\"head\"]", "\"why\":[]",
                            "\"kind\":\"primary\"", "\"kind\":\"shadow\"",
                            "\"st\":{", "\"ts2\":{",
                            "\"in\":[", "\"in3\":[");
            faults.forEach((from, to) -> {
                assertTrue(good.contains(from), from);
                JsonNode bad = LineageFixture.JSON.readTree(good.replace(from, to));
                assertFalse(schema.validate(bad).isEmpty(), to);
            });
            JsonNode more =
                    LineageFixture.JSON.readTree(good.replace("\"v\":1", "\"new\":{},\"v\":1"));
            assertTrue(schema.validate(more).isEmpty(), "additions are allowed");
        }
    }

    private static Schema schema() throws IOException {
        return SchemaRegistry.withDialect(Dialects.getDraft202012())
                .getSchema(new String(shipped(), UTF_8));
    }

    private static byte[] shipped() throws IOException {
        try (InputStream in =
                requireNonNull(LineageRecorder.class.getResourceAsStream("record.schema.json"))) {
            return in.readAllBytes();
        }
    }

    @Test
    void theManualHasTheSameSchema() throws IOException {
        Path page =
                Path.of(
                        System.getProperty("penstock.basedir"),
                        "docs/reference/lineage-record.schema.json");
        assertArrayEquals(shipped(), Files.readAllBytes(page));
    }
}
