package dev.penstock.bench.load;

import dev.penstock.bench.workload.RequestBody;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * One HTTP/2 connection (RFC 9113) with a few streams in flight. A call's frames are made
 * beforehand; only the stream's number is filled in. An answer is good when its stream brought a
 * message and then ended with trailers: a server that refuses a call sends trailers alone.
 *
 * <p>It speaks the least that keeps a server content: settings and pings are acknowledged, and the
 * windows it grants are as large as they can be.
 */
final class GrpcConnection implements Connection {
    private static final byte[] PREFACE =
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final int BUFFER_BYTES = 256 << 10;
    private static final int FRAME_HEAD_BYTES = 9;
    private static final int MAX_FRAME_BYTES = 16 << 10;
    private static final int DEFAULT_WINDOW_BYTES = 65_535;
    private static final int DEFAULT_TABLE_BYTES = 4096;
    private static final int MAX_WINDOW_BYTES = Integer.MAX_VALUE;
    private static final int REFILL_BYTES = 1 << 29;

    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int RST_STREAM = 3;
    private static final int SETTINGS = 4;
    private static final int PING = 6;
    private static final int GOAWAY = 7;
    private static final int WINDOW_UPDATE = 8;

    private static final int END_STREAM = 1;
    private static final int ACK = 1;
    private static final int END_HEADERS = 4;

    private static final int SETTINGS_HEADER_TABLE_SIZE = 1;
    private static final int SETTINGS_INITIAL_WINDOW_SIZE = 4;

    private final LoadLoop loop;
    private final SocketChannel socket;
    private final SelectionKey key;
    private final ByteBuffer out = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private final List<Stream> streams = new ArrayList<>();
    private final byte[] firstCall;
    private final byte[] laterCall;
    private int nextStream = 1;
    private long unacknowledgedBytes;

    /** One lane: it has one stream after the other. */
    private final class Stream implements Lane {
        private int id;
        private long dueNanos;
        private boolean hasMessage;

        @Override
        public void send(long due) throws IOException {
            dueNanos = due;
            hasMessage = false;
            id = nextStream;
            nextStream += 2;
            call(id);
        }
    }

    GrpcConnection(LoadLoop loop, Selector selector, LoadPlan plan, int lanes) throws IOException {
        this.loop = loop;
        byte[] body = RequestBody.grpc(plan.workload()).bytes();
        if ((long) body.length * lanes > DEFAULT_WINDOW_BYTES) {
            throw new IOException(
                    "requests of " + body.length + " bytes do not fit the initial window");
        }
        firstCall = frames(Hpack.first("127.0.0.1:" + plan.port()), body);
        laterCall = frames(Hpack.again(), body);
        for (int i = 0; i < lanes; i++) {
            streams.add(new Stream());
        }
        socket = HttpConnection.open(plan.port());
        key = socket.register(selector, SelectionKey.OP_READ, this);
        open();
    }

    List<? extends Lane> lanes() {
        return streams;
    }

    private void open() {
        out.put(PREFACE);
        head(out, 6, SETTINGS, 0, 0);
        out.putShort((short) SETTINGS_INITIAL_WINDOW_SIZE).putInt(MAX_WINDOW_BYTES);
        head(out, 4, WINDOW_UPDATE, 0, 0);
        out.putInt(MAX_WINDOW_BYTES - DEFAULT_WINDOW_BYTES);
    }

    /** A call's frames with stream number 0: headers, then the message in as many as it takes. */
    private static byte[] frames(byte[] headers, byte[] body) {
        int dataFrames = (body.length + MAX_FRAME_BYTES - 1) / MAX_FRAME_BYTES;
        ByteBuffer call =
                ByteBuffer.allocate(
                        headers.length + body.length + (1 + dataFrames) * FRAME_HEAD_BYTES);
        head(call, headers.length, HEADERS, END_HEADERS, 0);
        call.put(headers);
        for (int at = 0; at < body.length; at += MAX_FRAME_BYTES) {
            int bytes = Math.min(MAX_FRAME_BYTES, body.length - at);
            head(call, bytes, DATA, at + bytes == body.length ? END_STREAM : 0, 0);
            call.put(body, at, bytes);
        }
        return call.array();
    }

    private static void head(ByteBuffer to, int bytes, int type, int flags, int stream) {
        to.putShort((short) (bytes >>> 8)).put((byte) bytes);
        to.put((byte) type).put((byte) flags).putInt(stream);
    }

    private void call(int stream) throws IOException {
        byte[] frames = stream == 1 ? firstCall : laterCall;
        if (out.remaining() < frames.length) {
            flush();
        }
        int from = out.position();
        out.put(frames);
        int at = from;
        while (at < out.position()) {
            out.putInt(at + FRAME_HEAD_BYTES - Integer.BYTES, stream);
            at += FRAME_HEAD_BYTES + frameBytes(out, at);
        }
    }

    private static int frameBytes(ByteBuffer buffer, int at) {
        return buffer.getInt(at) >>> 8;
    }

    @Override
    public void flush() throws IOException {
        if (out.position() == 0) {
            return;
        }
        socket.write(out.flip());
        out.compact();
        int interest =
                out.position() > 0
                        ? SelectionKey.OP_READ | SelectionKey.OP_WRITE
                        : SelectionKey.OP_READ;
        if (key.interestOps() != interest) {
            key.interestOps(interest);
        }
    }

    @Override
    public void ready(SelectionKey ready) throws IOException {
        if (ready.isReadable()) {
            if (socket.read(in) < 0) {
                throw new EOFException("connection closed by the server");
            }
            in.flip();
            while (in.remaining() >= FRAME_HEAD_BYTES
                    && in.remaining() >= FRAME_HEAD_BYTES + frameBytes(in, in.position())) {
                frame();
            }
            in.compact();
        }
        if (ready.isWritable()) {
            flush();
        }
    }

    private void frame() throws IOException {
        int at = in.position();
        int bytes = frameBytes(in, at);
        int type = in.get(at + 3);
        int flags = in.get(at + 4);
        int stream = in.getInt(at + 5);
        int payloadAt = at + FRAME_HEAD_BYTES;
        switch (type) {
            case DATA -> {
                data(stream, bytes);
                ended(stream, flags);
            }
            case HEADERS -> ended(stream, flags);
            case RST_STREAM -> end(find(stream), false);
            case SETTINGS -> settings(payloadAt, bytes, flags);
            case PING -> ping(payloadAt, flags);
            case GOAWAY -> throw new IOException("connection closed by the server: GOAWAY");
            default -> {}
        }
        in.position(payloadAt + bytes);
    }

    private void data(int stream, int bytes) {
        find(stream).hasMessage |= bytes > 0;
        unacknowledgedBytes += bytes;
        if (unacknowledgedBytes > REFILL_BYTES) {
            head(out, 4, WINDOW_UPDATE, 0, 0);
            out.putInt((int) unacknowledgedBytes);
            unacknowledgedBytes = 0;
        }
    }

    private void ended(int stream, int flags) {
        if ((flags & END_STREAM) != 0) {
            Stream lane = find(stream);
            end(lane, lane.hasMessage);
        }
    }

    private void end(Stream lane, boolean isGood) {
        lane.id = 0;
        loop.answered(lane, lane.dueNanos, isGood);
    }

    private Stream find(int id) {
        for (int i = 0; i < streams.size(); i++) {
            if (streams.get(i).id == id) {
                return streams.get(i);
            }
        }
        throw new IllegalStateException("answer on stream " + id + ", which is not open");
    }

    private void settings(int at, int bytes, int flags) throws IOException {
        if ((flags & ACK) != 0) {
            return;
        }
        for (int i = at; i < at + bytes; i += 6) {
            int value = in.getInt(i + 2);
            int name = in.getShort(i);
            if (name == SETTINGS_HEADER_TABLE_SIZE && value < DEFAULT_TABLE_BYTES
                    || name == SETTINGS_INITIAL_WINDOW_SIZE && value < DEFAULT_WINDOW_BYTES) {
                throw new IOException("server lowers setting " + name + " to " + value);
            }
        }
        head(out, 0, SETTINGS, ACK, 0);
    }

    private void ping(int at, int flags) {
        if ((flags & ACK) == 0) {
            head(out, Long.BYTES, PING, ACK, 0);
            out.putLong(in.getLong(at));
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
