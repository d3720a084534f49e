package dev.penstock.http;

import java.nio.charset.StandardCharsets;

/** What is wrong with the request around its body. */
class HostileFramingTest extends HostileRequests {
    @Override
    void addCases() {
        requestLines();
        headers();
        lengths();
        chunks();
        routes();
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
        closes(
                "trailer names too large",
                post + "2\r\n{}\r\n0\r\n" + ("T".repeat(500) + ": y\r\n").repeat(9) + "\r\n",
                431,
                "railers");
        closes(
                "trailers that nobody passes on, too large",
                post + "2\r\n{}\r\n0\r\n" + "Content-Length: 2\r\n".repeat(300) + "\r\n",
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
}
