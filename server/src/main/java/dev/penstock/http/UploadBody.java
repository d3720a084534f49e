package dev.penstock.http;

import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.LastHttpContent;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A body on its way from the event loop to the thread that stores it. The socket is not read while
 * too much of it waits here.
 */
final class UploadBody {
    private static final int MAX_WAITING_BYTES = 1 << 20;

    private final Channel channel;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition came = lock.newCondition();
    private final Queue<HttpContent> waiting = new ArrayDeque<>();
    private int waitingBytes;
    private boolean isClosed;
    private boolean isComplete;
    private @Nullable IOException failure;

    UploadBody(Channel channel) {
        this.channel = channel;
    }

    /**
     * The next piece. On the event loop.
     *
     * @param content released by this, or by who takes it
     */
    void add(HttpContent content) {
        lock.lock();
        try {
            if (isClosed || failure != null) {
                content.release();
                return;
            }
            waiting.add(content);
            isComplete = content instanceof LastHttpContent;
            waitingBytes += content.content().readableBytes();
            if (waitingBytes > MAX_WAITING_BYTES && !isComplete) {
                var _ = channel.config().setAutoRead(false);
            }
            came.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Nothing more will come. On the event loop. */
    void fail(IOException why) {
        lock.lock();
        try {
            failure = why;
            came.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Whether it is the reader that is waited for. */
    boolean isFull() {
        lock.lock();
        try {
            return waitingBytes > MAX_WAITING_BYTES;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits for the next piece.
     *
     * @return released by the caller
     * @throws IOException when the connection broke off
     */
    HttpContent take() throws IOException, InterruptedException {
        lock.lock();
        try {
            while (waiting.isEmpty()) {
                if (failure != null) {
                    throw failure;
                }
                came.await();
            }
            HttpContent content = waiting.remove();
            boolean wasFull = waitingBytes > MAX_WAITING_BYTES;
            waitingBytes -= content.content().readableBytes();
            if (wasFull && waitingBytes <= MAX_WAITING_BYTES) {
                channel.eventLoop().execute(this::readOn);
            }
            return content;
        } finally {
            lock.unlock();
        }
    }

    private void readOn() {
        lock.lock();
        try {
            // The end of the body stops reading for another reason.
            if (!isClosed && !isComplete) {
                var _ = channel.config().setAutoRead(true);
            }
        } finally {
            lock.unlock();
        }
    }

    /** The reader wants no more. */
    void close() {
        lock.lock();
        try {
            isClosed = true;
            waiting.forEach(HttpContent::release);
            waiting.clear();
        } finally {
            lock.unlock();
        }
    }
}
