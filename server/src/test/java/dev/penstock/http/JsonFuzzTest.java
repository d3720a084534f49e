package dev.penstock.http;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.inference.FailureException;
import dev.penstock.inference.Limits;
import dev.penstock.runtime.TextBuffer;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.TensorPool;
import dev.penstock.tensor.TensorSet;
import io.netty.buffer.PooledByteBufAllocator;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JacksonException;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Jackson is the reference for what is JSON and what it holds. */
class JsonFuzzTest {
    private static final long SEED = 20261124;
    private static final int ROUNDS = 300_000;
    private static final String ALPHABET =
            "{}[]\",:\\/ \t\n0123456789+-.eEtruefalsnNaIity\"\"a\u0001";

    private static final Set<DataType> COMPARED =
            Set.of(DataType.FP32, DataType.FP64, DataType.INT64);

    private static final String[] SEEDS = {
        "{\"id\":\"a\",\"inputs\":[{\"name\":\"X\",\"shape\":[2,2],\"datatype\":\"FP32\","
                + "\"data\":[[1.5,-2],[3e2,0]]}]}",
        "{\"inputs\":[{\"data\":[1,2,3],\"name\":\"X\",\"shape\":[3],\"datatype\":\"INT64\","
                + "\"parameters\":{\"a\":1,\"b\":true,\"c\":\"d\"}}],\"outputs\":[{\"name\":\"Y\"}]}",
        "{\"inputs\":[{\"name\":\"X\",\"shape\":[2],\"datatype\":\"FP64\",\"data\":[0.1,1e-7]},"
                + "{\"name\":\"Y\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[NaN]}],"
                + "\"parameters\":{\"timeout\":5},\"x\":[null,{\"y\":[\"z\\n\\u00e4\"]}]}",
        "[1,2.5,-3e4,\"a\\\"b\",true,false,null,{\"a\":[],\"b\":{}},[[],[[1]]]]",
        " {\"a\" : [ 1 , 2 ] , \"b\" : \"\\\\ \\/ \\b\\f\\n\\r\\t\" } "
    };

    private final JsonMapper jackson =
            JsonMapper.builder()
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                    .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
                    .build();
    private final TensorPool pool = new TensorPool(PooledByteBufAllocator.DEFAULT, 1 << 28);
    private final JsonScanner scanner = new JsonScanner(Limits.DEFAULT);
    private final OipJson oip = new OipJson(scanner, pool, Limits.DEFAULT);

    @AfterEach
    void noMemoryIsOut() {
        assertEquals(0, pool.bytesOut());
    }

    private static String mutate(String text, Random random) {
        StringBuilder mutant = new StringBuilder(text);
        int changes = 1 + random.nextInt(3);
        for (int i = 0; i < changes && !mutant.isEmpty(); i++) {
            int at = random.nextInt(mutant.length());
            char c = ALPHABET.charAt(random.nextInt(ALPHABET.length()));
            switch (random.nextInt(5)) {
                case 0 -> mutant.setCharAt(at, c);
                case 1 -> mutant.deleteCharAt(at);
                case 2 -> mutant.insert(at, c);
                case 3 -> {
                    int to = Math.min(mutant.length(), at + 1 + random.nextInt(8));
                    mutant.insert(random.nextInt(mutant.length()), mutant.substring(at, to));
                }
                default -> mutant.setLength(Math.max(1, at));
            }
        }
        return mutant.toString();
    }

    private void begin(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        scanner.reset(Arrays.copyOf(bytes, bytes.length + 1), bytes.length);
    }

    private boolean isSkipped(String text) {
        begin(text);
        try {
            scanner.skipValue();
            scanner.expectEnd();
            return true;
        } catch (FailureException e) {
            return false;
        }
    }

    private boolean isJson(String text) {
        try {
            return !jackson.readTree(text).isMissingNode();
        } catch (JacksonException e) {
            return false;
        }
    }

    /** Where Jackson takes more than JSON, or we take less by a limit of our own. */
    private static boolean isDisputed(String text) {
        return text.contains("INF") || text.contains("+I") || text.contains("\\ud");
    }

    @Test
    void whatIsJsonIsWhatJacksonSaysIs() {
        Random random = new Random(SEED);
        int valid = 0;
        for (int i = 0; i < ROUNDS; i++) {
            String text = mutate(SEEDS[i % SEEDS.length], random);
            if (isDisputed(text)) {
                continue;
            }
            boolean expected = isJson(text);
            valid += expected ? 1 : 0;
            assertEquals(expected, isSkipped(text), text);
        }
        assertTrue(valid > ROUNDS / 50, "valid mutants: " + valid);
    }

    @Test
    void requestsThatAreReadHoldWhatJacksonReads() {
        Random random = new Random(SEED);
        int read = 0;
        for (int i = 0; i < ROUNDS; i++) {
            String text = mutate(SEEDS[i % 3], random);
            begin(text);
            try (TensorSet.Builder memory = new TensorSet.Builder()) {
                ParsedHeader header = oip.read(memory);
                read++;
                compare(text, header);
            } catch (FailureException e) {
                // Refused, with a reason.
                assertTrue(!e.failure().message().isEmpty());
            }
        }
        assertTrue(read > ROUNDS / 50, "read mutants: " + read);
    }

    private void compare(String text, ParsedHeader header) {
        JsonNode tree = jackson.readTree(text);
        assertEquals(tree.get("inputs").size(), header.inputs.size(), text);
        for (int i = 0; i < header.inputs.size(); i++) {
            JsonNode node = tree.get("inputs").get(i);
            ParsedHeader.Input input = header.inputs.get(i);
            assertEquals(node.get("name").asString(), input.name(), text);
            if (!COMPARED.contains(input.type())) {
                continue;
            }
            List<String> expected = new ArrayList<>();
            flatten(node.get("data"), input, expected);
            assertEquals(expected, elements(input), text);
        }
    }

    /** Zeros lose their sign, which the tree does not keep. */
    private static void flatten(JsonNode data, ParsedHeader.Input input, List<String> leaves) {
        if (data == null) {
            return;
        }
        if (data.isArray()) {
            data.forEach(child -> flatten(child, input, leaves));
            return;
        }
        String text = data.asString();
        leaves.add(
                switch (input.type()) {
                    case FP32 -> Float.toString(Float.parseFloat(text) + 0f);
                    case FP64 -> Double.toString(Double.parseDouble(text) + 0d);
                    default -> new java.math.BigDecimal(text).toPlainString();
                });
    }

    private static List<String> elements(ParsedHeader.Input input) {
        List<String> elements = new ArrayList<>();
        ByteBuffer data = input.data();
        for (int at = 0; data != null && at < data.limit(); ) {
            switch (input.type()) {
                case FP32 -> elements.add(Float.toString(data.getFloat(at) + 0f));
                case FP64 -> elements.add(Double.toString(data.getDouble(at) + 0d));
                case INT64 -> elements.add(Long.toString(data.getLong(at)));
                default -> throw new AssertionError(input.type());
            }
            at += input.type().bytes();
        }
        return elements;
    }

    @Test
    void randomTextInUtf8IsReadAsJavaReadsIt() {
        Random random = new Random(SEED);
        for (int i = 0; i < 100_000; i++) {
            byte[] bytes = new byte[1 + random.nextInt(6)];
            random.nextBytes(bytes);
            byte[] quoted = new byte[bytes.length + 3];
            quoted[0] = '"';
            System.arraycopy(bytes, 0, quoted, 1, bytes.length);
            quoted[bytes.length + 1] = '"';
            boolean hasSpecial = false;
            for (byte b : bytes) {
                hasSpecial |= b == '"' || b == '\\' || (b >= 0 && b < ' ');
            }
            if (hasSpecial) {
                continue;
            }
            scanner.reset(quoted, bytes.length + 2);
            String expected = decoded(bytes);
            String actual;
            try {
                actual = scanner.string(100, "x");
            } catch (FailureException e) {
                actual = null;
            }
            assertEquals(expected, actual, Arrays.toString(bytes));
        }
    }

    private static String decoded(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (java.nio.charset.CharacterCodingException e) {
            return null;
        }
    }

    @Test
    void stringsAreWrittenSoThatJacksonReadsThemBack() {
        Random random = new Random(SEED);
        TextBuffer out = new TextBuffer();
        for (int i = 0; i < 50_000; i++) {
            StringBuilder text = new StringBuilder();
            for (int k = random.nextInt(12); k > 0; k--) {
                int c = random.nextInt(i % 2 == 0 ? 0x80 : 0x110000);
                if (c < 0xd800 || c > 0xdfff) {
                    text.appendCodePoint(c);
                }
            }
            out.clear();
            out.jsonString(text.toString());
            byte[] json = out.toArray();
            assertEquals(text.toString(), jackson.readTree(json).asString());
            begin(new String(json, StandardCharsets.UTF_8));
            assertEquals(text.toString(), scanner.string(1000, "x"));
        }
        assertArrayEquals(new byte[] {'"', '?', '"'}, lone(out));
    }

    private static byte[] lone(TextBuffer out) {
        out.clear();
        out.jsonString("\ud800");
        return out.toArray();
    }
}
