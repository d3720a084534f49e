package dev.penstock.app;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * One keep-alive HTTP/1.1 connection, by hand, so that a test knows when bytes were written and
 * when the other side closed.
 */
final class HttpCaller implements AutoCloseable {
    /** The connection ended with nothing of an answer read; the request had been written whole. */
    static final class Unanswered extends IOException {
        private static final long serialVersionUID = 1;

        Unanswered(Throwable cause) {
            super("request written, connection closed without an answer", cause);
        }
    }

    @SuppressWarnings("ArrayRecordComponent") // Compared by no test.
    record Answer(int status, Map<String, String> headers, byte[] body) {
        String text() {
            return new String(body, StandardCharsets.UTF_8);
        }

        boolean closes() {
            return "close".equalsIgnoreCase(headers.getOrDefault("connection", ""));
        }

        /** The first FP32 of the first binary output. */
        float firstFloat() {
            int json = Integer.parseInt(headers.get("inference-header-content-length"));
            return ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN).getFloat(json);
        }
    }

    private final Socket socket = new Socket();
    private final DataInputStream in;

    HttpCaller(int port) throws IOException {
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(30_000);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 5_000);
        in = new DataInputStream(new java.io.BufferedInputStream(socket.getInputStream()));
    }

    Answer get(String path) throws IOException {
        return call(head("GET", path, "", 0), new byte[0]);
    }

    Answer post(String path, String json) throws IOException {
        byte[] body = json.getBytes(StandardCharsets.UTF_8);
        return call(head("POST", path, "", body.length), body);
    }

    /** Asks for one FP32 row in the binary form, binary output. */
    Answer inferBinary(String path, float... row) throws IOException {
        String json =
                "{\"inputs\":[{\"name\":\"x\",\"shape\":[1,"
                        + row.length
                        + "],\"datatype\":\"FP32\",\"parameters\":{\"binary_data_size\":"
                        + row.length * 4
                        + "}}],\"parameters\":{\"binary_data_output\":true}}";
        byte[] header = json.getBytes(StandardCharsets.UTF_8);
        ByteBuffer body =
                ByteBuffer.allocate(header.length + row.length * 4).order(ByteOrder.LITTLE_ENDIAN);
        body.put(header);
        for (float value : row) {
            body.putFloat(value);
        }
        String extra = "Inference-Header-Content-Length: " + header.length + "\r\n";
        return call(head("POST", path, extra, body.capacity()), body.array());
    }

    private static byte[] head(String method, String path, String extra, int length) {
        return (method
                        + " "
                        + path
                        + " HTTP/1.1\r\nHost: localhost\r\n"
                        + extra
                        + (method.equals("GET") ? "" : "Content-Length: " + length + "\r\n")
                        + "\r\n")
                .getBytes(StandardCharsets.US_ASCII);
    }

    /** Writes a request and reads its answer. */
    Answer call(byte[] head, byte[] body) throws IOException {
        byte[] request = new byte[head.length + body.length];
        System.arraycopy(head, 0, request, 0, head.length);
        System.arraycopy(body, 0, request, head.length, body.length);
        socket.getOutputStream().write(request);
        return read();
    }

    /** Writes a request for a head and reads that. */
    Answer headOnly(byte[] head) throws IOException {
        socket.getOutputStream().write(head);
        return read(true);
    }

    /** Reads one answer. */
    Answer read() throws IOException {
        return read(false);
    }

    private Answer read(boolean isHead) throws IOException {
        String status;
        try {
            status = line();
        } catch (IOException e) {
            throw new Unanswered(e);
        }
        Map<String, String> headers = new TreeMap<>();
        for (String line = line(); !line.isEmpty(); line = line()) {
            int colon = line.indexOf(':');
            headers.put(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).trim());
        }
        int length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
        byte[] content = new byte[isHead ? 0 : length];
        in.readFully(content);
        return new Answer(Integer.parseInt(status.substring(9, 12)), headers, content);
    }

    private String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                throw new EOFException();
            }
            if (b != '\r') {
                line.write(b);
            }
        }
        return line.toString(StandardCharsets.ISO_8859_1);
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
