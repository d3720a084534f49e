package dev.penstock.http;

import dev.penstock.inference.Exchange;
import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.inference.Incident;
import dev.penstock.inference.InferResponse;
import dev.penstock.inference.Limits;
import dev.penstock.inference.Outcome;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One connection: keeps the order of answers, the limits of time, and the way it ends. All of it
 * runs on the connection's event loop.
 *
 * <p>Answers leave in the order of their requests, whichever is ready first: each has a {@link
 * Slot} in a queue. When too many wait, or the client does not read, no new request is begun. A
 * connection that ends after an answer is first closed for writing; what the client still sends is
 * dropped for a while, because a socket closed over unread data would take the answer back.
 */
final class HttpConnection extends ChannelInboundHandlerAdapter {
    private static final long LINGER_BYTES = 4L * 1024 * 1024;
    private static final long LINGER_MILLIS = 2000;

    private final HttpServer server;
    private final HttpLoop loop;
    private final Limits limits;
    private final StrictRequestDecoder decoder;
    private final RequestHandler requests;
    private final ConnectionClock clock;

    private @Nullable ChannelHandlerContext context;
    private @Nullable Slot first;
    private @Nullable Slot last;
    private int waiting;
    private boolean isReading;
    private boolean needsFlush;
    private boolean isPaused;
    private boolean isEnding;
    private boolean isLingering;
    private boolean isGone;
    // Of answers with the socket and not yet taken by the client, as the pool counts them.
    private long countedBytes;

    HttpConnection(
            HttpServer server, HttpLoop loop, StrictRequestDecoder decoder, Gatekeeper gatekeeper) {
        this.server = server;
        this.loop = loop;
        this.limits = server.limits();
        this.decoder = decoder;
        this.requests = new RequestHandler(this, server, loop, gatekeeper);
        this.clock = new ConnectionClock(limits);
    }

    private ChannelHandlerContext context() {
        ChannelHandlerContext known = context;
        if (known == null) {
            throw new IllegalStateException("not added to a pipeline");
        }
        return known;
    }

    boolean isOnLoop() {
        return loop.loop().inEventLoop();
    }

    void execute(Runnable task) {
        loop.loop().execute(task);
    }

    long nanos() {
        return server.ticker().nanos();
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        loop.add(this);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        isGone = true;
        loop.remove(this);
        requests.abandon();
        for (Slot slot = first; slot != null; slot = slot.next) {
            slot.abandon();
            ByteBuf bytes = slot.bytes;
            if (bytes != null) {
                bytes.release();
                countedBytes += slot.reservedBytes;
            }
        }
        first = null;
        last = null;
        settle(0);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        isReading = true;
        if (isEnding && !requests.isInBody()) {
            ReferenceCountUtil.release(message);
            return;
        }
        if (message instanceof RequestHead head) {
            requests.head(head);
        } else if (message instanceof HttpContent content) {
            ByteBuf piece = content.content();
            boolean isLast = content instanceof LastHttpContent;
            if (content.decoderResult().isFailure()) {
                piece.release();
                requests.brokenBody(decoder.errorOf(content.decoderResult().cause()));
            } else {
                requests.content(piece, isLast);
            }
        } else {
            ReferenceCountUtil.release(message);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        isReading = false;
        if (needsFlush) {
            flush();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (ctx.channel().isWritable()) {
            resume();
        } else {
            pause();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        // A connection that broke off; what else could be wrong was answered before it got here.
        closeNow();
    }

    /** Gives the next answer its place; answers that are due before it come first. */
    void enqueue(Slot slot) {
        if (last == null) {
            first = slot;
        } else {
            last.next = slot;
        }
        last = slot;
        waiting++;
        if (slot.isLast) {
            isEnding = true;
        }
        if (waiting >= limits.pipelined()) {
            pause();
        }
    }

    /** Drops all that the client sends from now on; its last answer is on its way. */
    void readNoMore() {
        decoder.discard(LINGER_BYTES, this::enough);
    }

    private void enough() {
        if (isLingering) {
            closeNow();
        } else {
            context().channel().config().setAutoRead(false);
        }
    }

    /** The answer in this slot is there. */
    void ready(Slot slot, ByteBuf bytes) {
        slot.bytes = bytes;
        for (Slot head = first; head != null; head = first) {
            ByteBuf answer = head.bytes;
            if (answer == null) {
                break;
            }
            first = head.next;
            if (first == null) {
                last = null;
            }
            head.next = null;
            waiting--;
            write(head, answer);
        }
        if (needsFlush && !isReading) {
            flush();
        }
        if (isPaused && waiting < limits.pipelined()) {
            execute(this::resume);
        }
    }

    private void write(Slot slot, ByteBuf answer) {
        ChannelHandlerContext ctx = context();
        countedBytes += slot.reservedBytes;
        needsFlush = true;
        if (slot.isLast) {
            var _ = ctx.write(answer).addListener(done -> linger());
        } else {
            var _ = ctx.write(answer, ctx.voidPromise());
        }
        slot.written();
    }

    private void flush() {
        needsFlush = false;
        context().flush();
        ChannelOutboundBuffer outbound = context().channel().unsafe().outboundBuffer();
        long pending = outbound == null ? 0 : outbound.totalPendingWriteBytes();
        if (pending != countedBytes) {
            settle(pending);
        }
    }

    /** Counts what the client has not read yet; cuts it off when there is no room for that. */
    private void settle(long pending) {
        long more = pending - countedBytes;
        if (more > 0) {
            if (!server.pool().reserve(more)) {
                closeNow();
                return;
            }
        } else {
            server.pool().returned(-more);
        }
        countedBytes = pending;
    }

    private void linger() {
        if (isGone) {
            return;
        }
        isLingering = true;
        ChannelHandlerContext ctx = context();
        if (ctx.channel() instanceof DuplexChannel socket) {
            var _ = socket.shutdownOutput();
        }
        var _ = loop.loop().schedule(this::closeNow, LINGER_MILLIS, TimeUnit.MILLISECONDS);
    }

    boolean isEnding() {
        return isEnding;
    }

    /** Ends the connection after the answers that are due. */
    void closeAfterAnswers() {
        isEnding = true;
        Slot youngest = last;
        if (youngest == null) {
            flush();
            linger();
        } else {
            youngest.isLast = true;
        }
        readNoMore();
    }

    void closeNow() {
        if (!isGone) {
            var _ = context().close();
        }
    }

    /** Closes the connection unless an answer is due on it. */
    void closeIfIdle() {
        if (first == null && !isReadingMore() && countedBytes == 0) {
            closeNow();
        }
    }

    private void pause() {
        if (!isPaused) {
            isPaused = true;
            decoder.pause(true);
            context().channel().config().setAutoRead(false);
        }
    }

    private void resume() {
        ChannelHandlerContext ctx = context();
        if (!isPaused || isGone || waiting >= limits.pipelined() || !ctx.channel().isWritable()) {
            return;
        }
        if (isReading) {
            execute(this::resume);
            return;
        }
        isPaused = false;
        decoder.pause(false);
        ctx.channel().config().setAutoRead(true);
        // What the decoder holds back since then has to be looked at again.
        ctx.pipeline().fireChannelRead(Unpooled.EMPTY_BUFFER);
        ctx.pipeline().fireChannelReadComplete();
    }

    /** Writes the outcome of a prediction. */
    void answer(PredictionReply reply, Exchange exchange, Outcome outcome) {
        if (isGone) {
            exchange.close();
            return;
        }
        if (server.isDraining() && reply.next == null && !isReadingMore()) {
            reply.isLast = true;
            isEnding = true;
            readNoMore();
        }
        ByteBuf bytes;
        try {
            bytes = encode(reply, exchange, outcome);
        } catch (RuntimeException | Error e) {
            lose(exchange, e);
            return;
        }
        ready(reply, bytes);
    }

    /** There is not even memory to refuse: the answers behind this one have nothing to follow. */
    private void lose(Exchange exchange, Throwable cause) {
        Failure why =
                Incident.report(
                        exchange.id(), "an answer was lost, and its connection is closed", cause);
        if (exchange.outcome() == null) {
            exchange.settle(why);
        }
        exchange.close();
        closeNow();
    }

    private boolean isReadingMore() {
        return requests.isInBody() || decoder.isMidHead();
    }

    private ByteBuf encode(PredictionReply reply, Exchange exchange, Outcome outcome) {
        OipWriter writer = loop.writer();
        Failure failure;
        try {
            switch (outcome) {
                case InferResponse response -> {
                    ByteBuf bytes = writer.success(reply, exchange, response);
                    exchange.encoded(nanos());
                    exchange.settle(response);
                    return bytes;
                }
                case Failure known -> failure = known;
            }
        } catch (FailureException e) {
            failure = e.failure();
        } catch (RuntimeException | Error e) {
            failure = Incident.report(exchange.id(), "answer could not be written", e);
        }
        ByteBuf bytes = writer.failure(reply, exchange, failure);
        exchange.settle(failure);
        return bytes;
    }

    /** Closes the connection if what it waits for takes too long. */
    void sweep(long nowNanos) {
        ChannelOutboundBuffer outbound = context().channel().unsafe().outboundBuffer();
        long pending = outbound == null ? 0 : outbound.totalPendingWriteBytes();
        settle(pending);
        if (isLingering || isGone) {
            return;
        }
        ConnectionClock.Wait wait;
        if (requests.isInBody()) {
            wait = ConnectionClock.Wait.BODY;
        } else if (waiting > 0 || pending > 0) {
            wait = ConnectionClock.Wait.ANSWER;
        } else {
            wait = decoder.isMidHead() ? ConnectionClock.Wait.HEAD : ConnectionClock.Wait.IDLE;
        }
        long progress = outbound == null ? 0 : outbound.currentProgress();
        switch (clock.look(
                nowNanos, wait, requests.count(), requests.bodyBytes(), pending + progress)) {
            case FINE -> {}
            case CLOSE -> closeNow();
            case TELL -> {
                if (!isEnding) {
                    requests.tooSlow();
                }
            }
        }
    }
}
