package dev.penstock.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.GZIPOutputStream;

/** What is wrong inside of a body. */
class HostileBodyTest extends HostileRequests {
    @Override
    void addCases() throws IOException {
        json();
        requests();
        tensors();
        binary();
        strings();
        raw();
        encodings();
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
                "513 outputs",
                with("\"outputs\":[" + "{\"name\":\"Z\"},".repeat(512) + "{\"name\":\"Z\"}]"),
                "more than 512 outputs");
        bad(
                "512 outputs",
                with("\"outputs\":[" + "{\"name\":\"Z\"},".repeat(511) + "{\"name\":\"Z\"}]"),
                "unexpected inference output 'Z'");
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
        bad(
                "timeout that does not fit as nanoseconds",
                with("\"parameters\":{\"timeout\":9223372036854776}"),
                "out of range");
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
                "shape of 65 dimensions",
                input("FP32", "[" + "1,".repeat(64) + "1]", "[1]"),
                "more than 64 dimensions");
        bad(
                "shape of 64 dimensions",
                input("FP32", "[" + "1,".repeat(63) + "1]", "[1]"),
                "unexpected shape for input 'X'");
        bad(
                "513 inputs",
                "{\"inputs\":[" + (one() + ",").repeat(512) + one() + "]}",
                "more than 512");
        bad("512 inputs", "{\"inputs\":[" + (one() + ",").repeat(511) + one() + "]}", "already");
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
