package dev.penstock.bench.load;

import dev.penstock.bench.workload.RequestBody;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/**
 * One HTTP/1.1 connection with one request in flight. Of an answer it reads the status and the
 * content length, which every answer must have.
 */
final class HttpConnection implements Connection, Connection.Lane {
    private static final int BUFFER_BYTES = 64 << 10;
    private static final int STATUS_AT = "HTTP/1.1 ".length();
    private static final int OK = 200;
    private static final byte[] CONTENT_LENGTH =
            "content-length:".getBytes(StandardCharsets.US_ASCII);

    private final LoadLoop loop;
    private final SocketChannel socket;
    private final SelectionKey key;
    private final ByteBuffer request;
    private final ByteBuffer answer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private long dueNanos;
    private long bodyLeft = -1;
    private int status;

    HttpConnection(LoadLoop loop, Selector selector, LoadPlan plan, byte[] request)
            throws IOException {
        this.loop = loop;
        this.request = ByteBuffer.allocateDirect(request.length).put(request);
        this.socket = open(plan.port());
        this.key = socket.register(selector, SelectionKey.OP_READ, this);
    }

    static SocketChannel open(int port) throws IOException {
        SocketChannel socket =
                SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
        socket.configureBlocking(false);
        return socket;
    }

    /** All bytes of the request of a plan. */
    static byte[] request(LoadPlan plan) {
        boolean isJson = plan.protocol() == LoadPlan.Protocol.HTTP_JSON;
        RequestBody body =
                isJson ? RequestBody.json(plan.workload()) : RequestBody.binary(plan.workload());
        String head =
                "POST /v2/models/"
                        + plan.workload().model()
                        + "/infer HTTP/1.1\r\nhost: 127.0.0.1:"
                        + plan.port()
                        + "\r\ncontent-type: "
                        + (isJson ? "application/json" : "application/octet-stream")
                        + "\r\ncontent-length: "
                        + body.bytes().length
                        + "\r\n"
                        + (isJson
                                ? ""
                                : "inference-header-content-length: " + body.headerBytes() + "\r\n")
                        + "\r\n";
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(head.getBytes(StandardCharsets.US_ASCII));
        all.writeBytes(body.bytes());
        return all.toByteArray();
    }

    @Override
    public void send(long due) throws IOException {
        dueNanos = due;
        bodyLeft = -1;
        request.clear();
        write();
    }

    @Override
    public void flush() {}

    private void write() throws IOException {
        socket.write(request);
        int interest =
                request.hasRemaining()
                        ? SelectionKey.OP_READ | SelectionKey.OP_WRITE
                        : SelectionKey.OP_READ;
        if (key.interestOps() != interest) {
            key.interestOps(interest);
        }
    }

    @Override
    public void ready(SelectionKey ready) throws IOException {
        if (ready.isWritable()) {
            write();
        }
        if (ready.isReadable()) {
            read();
        }
    }

    private void read() throws IOException {
        int bytes = socket.read(answer);
        if (bytes < 0) {
            throw new EOFException("connection closed by the server");
        }
        answer.flip();
        if (bodyLeft < 0 && !readHead()) {
            answer.compact();
            return;
        }
        bodyLeft -= answer.remaining();
        answer.clear();
        if (bodyLeft < 0) {
            throw new IOException("more bytes than the content length said");
        }
        if (bodyLeft == 0) {
            loop.answered(this, dueNanos, status == OK);
        }
    }

    /** Moves past the head, if it is complete. */
    private boolean readHead() throws IOException {
        int lineAt = 0;
        long length = -1;
        for (int i = 0; i < answer.limit(); i++) {
            if (answer.get(i) != '\n') {
                continue;
            }
            if (i - lineAt <= 1) {
                if (length < 0) {
                    throw new IOException("answer without a content length");
                }
                status = decimal(STATUS_AT);
                bodyLeft = length;
                answer.position(i + 1);
                return true;
            }
            if (isContentLength(lineAt)) {
                length = decimal(lineAt + CONTENT_LENGTH.length);
            }
            lineAt = i + 1;
        }
        return false;
    }

    private boolean isContentLength(int at) {
        for (int i = 0; i < CONTENT_LENGTH.length; i++) {
            int lower = answer.get(at + i) | (i == 7 || i == 14 ? 0 : 0x20);
            if (lower != CONTENT_LENGTH[i]) {
                return false;
            }
        }
        return true;
    }

    private int decimal(int at) {
        int digit = at;
        while (answer.get(digit) == ' ') {
            digit++;
        }
        int number = 0;
        for (; answer.get(digit) >= '0' && answer.get(digit) <= '9'; digit++) {
            number = number * 10 + answer.get(digit) - '0';
        }
        return number;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
