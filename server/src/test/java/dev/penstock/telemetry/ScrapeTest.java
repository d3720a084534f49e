package dev.penstock.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.penstock.inference.Exchange;
import dev.penstock.inference.Failure;
import dev.penstock.inference.InferRequest;
import dev.penstock.inference.InferResponse;
import dev.penstock.inference.ModelRef;
import dev.penstock.inference.Outcome;
import dev.penstock.inference.PredictionId;
import dev.penstock.inference.Protocol;
import dev.penstock.inference.Refused;
import dev.penstock.inference.Reply;
import dev.penstock.inference.RouteDecision;
import dev.penstock.inference.Signature;
import dev.penstock.inference.VersionId;
import dev.penstock.inference.VersionInfo;
import dev.penstock.runtime.Deadline;
import dev.penstock.tensor.TensorSet;
import java.lang.management.ManagementFactory;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The text of the metrics: what it says, and what it costs. */
final class ScrapeTest {
    private static final int SCRAPES = 20;
    // Some 500 KB for the JVM's meters and one version's, on any thread.
    private static final long MOST_BYTES = 3_000_000;

    private final AtomicLong nanos = new AtomicLong();
    private final Telemetry telemetry = new Telemetry(nanos::get);
    private final VersionInfo version =
            new VersionInfo(
                    new VersionId("m", 1),
                    new Signature(List.of(), List.of(), 0),
                    "0123456789abcdef".repeat(4));

    @AfterEach
    void close() {
        telemetry.close();
    }

    /** Tells the caller something else than it was told to, where there is something else. */
    private record TurningReply(Protocol protocol, Outcome instead) implements Reply {
        @Override
        public void send(Exchange exchange, Outcome outcome) {
            exchange.settle(instead);
            exchange.close();
        }
    }

    private Exchange exchange(Reply reply) {
        InferRequest request =
                new InferRequest(
                        null,
                        new ModelRef("asked for", ModelRef.ANY),
                        nothing(),
                        List.of(),
                        Deadline.NEVER,
                        null);
        PredictionId id = PredictionId.next(InstantSource.system(), () -> 7);
        return new Exchange(id, request, reply, telemetry, nanos.get());
    }

    private static TensorSet nothing() {
        return TensorSet.of(List.of(), () -> {});
    }

    private static <T> T onVirtualThread(Callable<T> task) throws Exception {
        FutureTask<T> result = new FutureTask<>(task);
        Thread.ofVirtual().start(result);
        return result.get();
    }

    private long bytesOfScrapes() throws Exception {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getTotalThreadAllocatedBytes();
        for (int i = 0; i < SCRAPES; i++) {
            telemetry.scrape();
        }
        return threads.getTotalThreadAllocatedBytes() - before;
    }

    @Test
    void aScrapeOnAVirtualThreadMakesLittleGarbage() throws Exception {
        telemetry.versionLoaded(version, 1, 1, () -> 0, () -> 0);
        String text = onVirtualThread(telemetry::scrape);
        assertTrue(text.length() > 8192, "a text too short to fill a writer");
        long bytes = onVirtualThread(this::bytesOfScrapes) / SCRAPES;
        assertTrue(bytes < MOST_BYTES, bytes + " bytes for " + text.length() + " characters");
    }

    @Test
    void whatTheCallerGotIsCounted() throws Exception {
        Exchange found =
                exchange(new TurningReply(Protocol.HTTP, new Failure.PayloadTooLarge("too large")));
        found.routed(version, RouteDecision.FOLLOWED);
        found.answer(new InferResponse(version, nothing()));
        exchange(new TurningReply(Protocol.GRPC, new Failure.PayloadTooLarge("too large")))
                .answer(new Failure.MemoryFull());
        String text = telemetry.scrape();
        assertEquals(1, count(text, "invalid", "m", "http", "1"));
        assertEquals(0, count(text, "ok", "m", "http", "1"));
        assertEquals(1, count(text, "invalid", "other", "grpc", "none"));
        assertEquals(0, count(text, "unavailable", "other", "grpc", "none"));
        assertTrue(!text.contains("asked for"), "a label from a request");
    }

    @Test
    void whatAListenerTurnsAwayIsCountedByItsLimit() {
        Consumer<Refused> http = telemetry.refusals("http");
        telemetry.refusals("grpc").accept(Refused.CONNECTIONS);
        http.accept(Refused.BODY_TIME);
        http.accept(Refused.BODY_TIME);
        String text = telemetry.scrape();
        assertTrue(
                text.contains(
                        "penstock_refused_total{limit=\"body_time\",listener=\"http\"} 2.0\n"));
        assertTrue(
                text.contains(
                        "penstock_refused_total{limit=\"connections\",listener=\"grpc\"} 1.0\n"));
        // Before the first there is a series already, so that a rate can be told.
        assertTrue(
                text.contains("penstock_refused_total{limit=\"framing\",listener=\"grpc\"} 0.0\n"));
    }

    private static long count(
            String text, String code, String model, String protocol, String version) {
        String series =
                "penstock_requests_total{arm=\"stable\",code=\""
                        + code
                        + "\",model=\""
                        + model
                        + "\",protocol=\""
                        + protocol
                        + "\",version=\""
                        + version
                        + "\"} ";
        int at = text.indexOf(series);
        assertTrue(at >= 0, "no " + series);
        int end = text.indexOf('\n', at);
        return (long) Double.parseDouble(text.substring(at + series.length(), end));
    }
}
