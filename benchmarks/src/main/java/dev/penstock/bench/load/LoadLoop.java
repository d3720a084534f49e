package dev.penstock.bench.load;

import dev.penstock.bench.load.Connection.Lane;
import java.io.IOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Sends requests on free lanes and counts their answers, on the thread that calls {@link #run}.
 *
 * <p>All answers that one look at the sockets brings are taken before the next requests go out, as
 * a generator in C with epoll would do it. Between requests of an open loop that are due within a
 * millisecond it spins: a selector cannot sleep for less.
 */
final class LoadLoop implements AutoCloseable {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long WARM_UP_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long LONGEST_SLEEP_MILLIS = 10;

    private final LoadPlan plan;
    private final Selector selector;
    private final List<Connection> connections = new ArrayList<>();
    private final Deque<Lane> free = new ArrayDeque<>();
    private final Histogram latency = new Histogram();
    private final Histogram lag = new Histogram();
    private long good;
    private long bad;
    private long inFlight;

    LoadLoop(LoadPlan plan) throws IOException {
        this.plan = plan;
        this.selector = Selector.open();
        try {
            connect();
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private void connect() throws IOException {
        if (plan.protocol() != LoadPlan.Protocol.GRPC) {
            byte[] request = HttpConnection.request(plan);
            for (int i = 0; i < plan.concurrency(); i++) {
                HttpConnection connection = new HttpConnection(this, selector, plan, request);
                connections.add(connection);
                free.push(connection);
            }
            return;
        }
        int count = Math.min(plan.concurrency(), LoadPlan.GRPC_CONNECTIONS);
        for (int i = 0; i < count; i++) {
            int lanes = (plan.concurrency() + count - 1 - i) / count;
            GrpcConnection connection = new GrpcConnection(this, selector, plan, lanes);
            connections.add(connection);
            free.addAll(connection.lanes());
        }
    }

    /** Sends for as long as planned, then waits for the last answers. */
    LoadResult run() throws IOException {
        long start = System.nanoTime() + WARM_UP_NANOS;
        long end = start + TimeUnit.MILLISECONDS.toNanos(plan.millis());
        Arrivals arrivals = plan.isOpenLoop() ? new Arrivals(plan.perSecond(), start, end) : null;
        while (true) {
            long now = System.nanoTime();
            boolean isOver;
            if (arrivals == null) {
                sendAgain(now, end);
                isOver = now >= end;
            } else {
                sendDue(arrivals, now);
                isOver = arrivals.isOver();
            }
            flush();
            if (isOver && inFlight == 0 || now > end + PATIENCE_NANOS) {
                long unanswered = inFlight + (arrivals == null ? 0 : arrivals.left(now));
                return result(System.nanoTime() - start, unanswered);
            }
            await(arrivals, now);
        }
    }

    private void sendAgain(long now, long end) throws IOException {
        while (now < end && !free.isEmpty()) {
            send(free.pop(), now, now);
        }
    }

    private void sendDue(Arrivals arrivals, long now) throws IOException {
        while (!arrivals.isOver() && arrivals.next() <= now && !free.isEmpty()) {
            send(free.pop(), arrivals.take(), now);
        }
    }

    private void send(Lane lane, long dueNanos, long now) throws IOException {
        lag.record(now - dueNanos);
        inFlight++;
        lane.send(dueNanos);
    }

    private void flush() throws IOException {
        for (int i = 0; i < connections.size(); i++) {
            connections.get(i).flush();
        }
    }

    private void await(@org.jspecify.annotations.Nullable Arrivals arrivals, long now)
            throws IOException {
        boolean isWaitingForLane = free.isEmpty();
        if (arrivals == null || arrivals.isOver() || isWaitingForLane) {
            selector.select(this::ready, LONGEST_SLEEP_MILLIS);
            return;
        }
        long millis = TimeUnit.NANOSECONDS.toMillis(arrivals.next() - now);
        if (millis > 0) {
            selector.select(this::ready, Math.min(millis, LONGEST_SLEEP_MILLIS));
        } else {
            selector.selectNow(this::ready);
        }
    }

    private void ready(SelectionKey key) {
        try {
            ((Connection) key.attachment()).ready(key);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** A lane's answer is complete. */
    void answered(Lane lane, long dueNanos, boolean isGood) {
        latency.record(System.nanoTime() - dueNanos);
        if (isGood) {
            good++;
        } else {
            bad++;
        }
        inFlight--;
        free.push(lane);
    }

    private LoadResult result(long wallNanos, long unanswered) {
        return new LoadResult(
                good,
                bad,
                unanswered,
                wallNanos,
                latency.quantile(0.5),
                latency.quantile(0.9),
                latency.quantile(0.99),
                latency.quantile(0.999),
                latency.max(),
                lag.quantile(0.99));
    }

    @Override
    public void close() throws IOException {
        for (Connection connection : connections) {
            connection.close();
        }
        selector.close();
    }
}
