package dev.penstock.http;

import dev.penstock.access.Access;
import dev.penstock.access.AccessSettings;
import dev.penstock.access.Listener;
import dev.penstock.bench.PredictionPath;
import dev.penstock.bench.workload.RequestBody;
import dev.penstock.bench.workload.Workload;
import dev.penstock.inference.Limits;
import dev.penstock.inference.ServerInfo;
import dev.penstock.runtime.Ticker;
import io.netty.buffer.ByteBuf;
import io.netty.channel.embedded.EmbeddedChannel;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * One HTTP connection with a channel that has no socket: what is written to it is read back. In
 * this package because what it puts together is nobody else's business.
 */
final class BenchConnection implements AutoCloseable {
    private final PredictionPath path;
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final HttpConnection connection;

    BenchConnection(PredictionPath path) {
        this.path = path;
        ServerInfo info = new ServerInfo("penstock", "0", List.of("binary_tensor_data"));
        Limits limits = Limits.DEFAULT;
        Access access =
                new Access(AccessSettings.DEFAULT, InetAddress.getLoopbackAddress(), Ticker.SYSTEM);
        HttpServer server =
                new HttpServer(
                        path.service(),
                        info,
                        path.pool(),
                        limits,
                        Ticker.SYSTEM,
                        access,
                        refused -> {});
        HttpLoop loop =
                new HttpLoop(
                        channel.eventLoop(),
                        path.service(),
                        info,
                        path.pool(),
                        limits,
                        Ticker.SYSTEM);
        StrictRequestDecoder decoder = new StrictRequestDecoder(limits, path.service());
        Gatekeeper gatekeeper = new Gatekeeper(access, Listener.HTTP, channel);
        connection = new HttpConnection(server, loop, decoder, gatekeeper);
        channel.config().setAllocator(path.pool().allocator());
        channel.pipeline().addLast(decoder, connection);
    }

    HttpConnection connection() {
        return connection;
    }

    /** Direct memory with these bytes after {@code skipped} others. */
    ByteBuf buffer(int skipped, byte[] bytes) {
        ByteBuf all = path.pool().allocator().directBuffer(skipped + bytes.length);
        all.writeZero(skipped).writeBytes(bytes);
        return all.slice(skipped, bytes.length);
    }

    /** A whole request in one buffer, as one read of a socket brings it. */
    ByteBuf request(Workload workload, RequestBody body) {
        StringBuilder head = new StringBuilder("POST /v2/models/").append(workload.model());
        head.append("/infer HTTP/1.1\r\nhost: localhost\r\ncontent-length: ");
        head.append(body.bytes().length).append("\r\n");
        if (body.headerBytes() >= 0) {
            head.append("inference-header-content-length: ").append(body.headerBytes());
            head.append("\r\n");
        }
        byte[] ascii = head.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII);
        ByteBuf all = path.pool().allocator().directBuffer(ascii.length + body.bytes().length);
        return all.writeBytes(ascii).writeBytes(body.bytes());
    }

    /**
     * Sends a request and takes its answer.
     *
     * @param request stays the caller's
     * @return bytes of the answer
     */
    int exchange(ByteBuf request) {
        channel.writeInbound(request.retainedSlice());
        ByteBuf answer = channel.readOutbound();
        if (answer == null) {
            throw new IllegalStateException("no answer");
        }
        int bytes = answer.readableBytes();
        answer.release();
        return bytes;
    }

    @Override
    public void close() {
        channel.finishAndReleaseAll();
    }
}
