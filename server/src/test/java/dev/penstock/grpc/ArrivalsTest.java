package dev.penstock.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.ChangedLimits;
import dev.penstock.inference.InferResponse;
import dev.penstock.inference.Limits;
import dev.penstock.inference.Refused;
import dev.penstock.inference.VersionId;
import dev.penstock.inference.VersionInfo;
import dev.penstock.proto.GRPCInferenceServiceGrpc;
import dev.penstock.runtime.Deadline;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.TensorSet;
import dev.penstock.tensor.TensorSpec;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.stub.StreamObserver;
import io.netty.util.concurrent.EventExecutor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Calls that come slowly, in part, or are meant to stay. */
final class ArrivalsTest {
    private static final String INFER = "/inference.GRPCInferenceService/ModelInfer";
    private static final String LIVE = "/inference.GRPCInferenceService/ServerLive";
    private static final String UNAVAILABLE = "14";
    private static final String DEADLINE_EXCEEDED = "4";
    private static final int KIB = 1024;

    private GrpcFixture fixture;

    @AfterEach
    void stop() {
        fixture.close();
    }

    private void assertServes() {
        assertEquals(
                1,
                fixture.stub
                        .withDeadlineAfter(20, TimeUnit.SECONDS)
                        .modelInfer(Requests.good().build())
                        .getOutputsCount());
    }

    @Test
    void messagesCountAgainstTheBudgetAsTheyCome() throws Exception {
        fixture = new GrpcFixture(Limits.DEFAULT, 1024 * KIB);
        try (RawCalls raw = new RawCalls(fixture.address)) {
            List<RawCalls.Call> waiting = new ArrayList<>();
            for (int i = 1; i <= 2; i++) {
                waiting.add(raw.call(INFER).begin(60 * 1024 * KIB, 400 * KIB));
                long least = i * 400L * KIB;
                GrpcFixture.await(() -> fixture.pool.bytesOut() >= least);
            }
            // A third is over a budget of 1 MiB, whatever its method.
            for (String method : List.of(INFER, LIVE)) {
                RawCalls.Call over = raw.call(method).begin(60 * 1024 * KIB, 400 * KIB);
                assertEquals(UNAVAILABLE, over.status());
                assertEquals("MEMORY_FULL", over.end.get().get("penstock-code").toString());
                // What is left of the budget: 1024 - 800 KiB, less what pieces take.
                GrpcFixture.await(() -> fixture.pool.bytesOut() < 900L * KIB);
            }
            assertEquals(List.of("unavailable"), List.copyOf(fixture.outcomes));
            assertServes();
            assertFalse(waiting.getFirst().end.isDone());
            assertFalse(waiting.getLast().end.isDone());
        }
        fixture.awaitQuiet();
    }

    @Test
    void smallPiecesCountForMoreThanTheirBytes() throws Exception {
        fixture = new GrpcFixture(Limits.DEFAULT, 64 * KIB);
        try (RawCalls raw = new RawCalls(fixture.address)) {
            RawCalls.Call call = raw.call(INFER).begin(32 * KIB, 1);
            // 1000 pieces of a byte each hold more than 64 KiB of buffers and objects.
            for (int i = 0; i < 1000; i++) {
                call.more(1);
            }
            assertEquals(UNAVAILABLE, call.status());
        }
        fixture.awaitQuiet();
    }

    @Test
    void aCallThatDoesNotComeToItsEndIsEnded() throws Exception {
        fixture = new GrpcFixture(ChangedLimits.bodyTime(Duration.ofMillis(200)), 1024 * KIB);
        try (RawCalls raw = new RawCalls(fixture.address)) {
            byte[] whole = Requests.good().build().toByteArray();
            List<RawCalls.Call> late =
                    List.of(
                            raw.call(INFER),
                            raw.call(INFER).begin(100 * KIB, 50 * KIB),
                            // All of a message, and not the word that there is no other.
                            raw.call(INFER).message(whole),
                            raw.call(LIVE),
                            raw.call(LIVE).message(new byte[0]));
            for (RawCalls.Call each : late) {
                assertEquals(DEADLINE_EXCEEDED, each.status());
                assertEquals("DEADLINE_EXCEEDED", each.end.get().get("penstock-code").toString());
            }
            GrpcFixture.await(() -> fixture.pool.bytesOut() == 0);
            assertEquals(Collections.nCopies(5, Refused.BODY_TIME), List.copyOf(fixture.refused));
            assertEquals(
                    List.of("deadline", "deadline", "deadline"), List.copyOf(fixture.outcomes));
        }
        assertServes();
        fixture.awaitQuiet();
    }

    @Test
    void whatHasComeToItsEndHasAllTheTime() throws Exception {
        fixture = new GrpcFixture(ChangedLimits.bodyTime(Duration.ofMillis(1)), 1024 * KIB);
        GrpcFixture.HoldingScheduler holding = new GrpcFixture.HoldingScheduler();
        VersionInfo info = held(holding);
        var answer =
                GRPCInferenceServiceGrpc.newFutureStub(fixture.channel)
                        .modelInfer(Requests.good().setModelName("held").build());
        BlockingQueue<Object> watched = watch("");
        assertEquals(ServingStatus.SERVING, watched.poll(20, TimeUnit.SECONDS));
        BlockingQueue<Object> reflected = reflect();
        try (RawCalls raw = new RawCalls(fixture.address)) {
            // By the time that this one is ended, those before it would have been.
            assertEquals(DEADLINE_EXCEEDED, raw.call(INFER).status());
        }
        fixture.service.markDraining();
        assertEquals(ServingStatus.NOT_SERVING, watched.poll(20, TimeUnit.SECONDS));
        assertTrue(reflected.isEmpty());
        holding.held.getFirst().answer(new InferResponse(info, TensorSet.of(List.of(), () -> {})));
        assertEquals("held", answer.get(20, TimeUnit.SECONDS).getModelName());
    }

    private VersionInfo held(GrpcFixture.HoldingScheduler holding) {
        VersionInfo info =
                new VersionInfo(
                        new VersionId("held", 1),
                        GrpcFixture.echoing(new TensorSpec("X", DataType.FP32, Shape.of(-1))),
                        GrpcFixture.DIGEST);
        fixture.publish(info, holding);
        return info;
    }

    /** What a watch of this service is told, then the code that ended it. */
    private BlockingQueue<Object> watch(String service) {
        BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
        HealthGrpc.newStub(fixture.channel)
                .watch(
                        HealthCheckRequest.newBuilder().setService(service).build(),
                        keeping(seen, answer -> answer.getStatus()));
        return seen;
    }

    /** The code that ended a reflection stream which has had an answer. */
    private BlockingQueue<Object> reflect() throws InterruptedException {
        BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
        ServerReflectionGrpc.newStub(fixture.channel)
                .serverReflectionInfo(keeping(seen, answer -> "an answer"))
                .onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
        assertEquals("an answer", seen.poll(20, TimeUnit.SECONDS));
        return seen;
    }

    private static <T> StreamObserver<T> keeping(
            BlockingQueue<Object> seen, java.util.function.Function<T, Object> what) {
        return new StreamObserver<>() {
            @Override
            public void onNext(T value) {
                seen.add(what.apply(value));
            }

            @Override
            public void onError(Throwable error) {
                seen.add(Status.fromThrowable(error).getCode());
            }

            @Override
            public void onCompleted() {
                seen.add(Status.Code.OK);
            }
        };
    }

    @Test
    void streamsDoNotDelayAStop() throws Exception {
        fixture = new GrpcFixture();
        BlockingQueue<Object> known = watch("");
        assertEquals(ServingStatus.SERVING, known.poll(20, TimeUnit.SECONDS));
        BlockingQueue<Object> unknown = watch("nobody");
        assertEquals(ServingStatus.SERVICE_UNKNOWN, unknown.poll(20, TimeUnit.SECONDS));
        BlockingQueue<Object> reflected = reflect();
        try (RawCalls raw = new RawCalls(fixture.address)) {
            RawCalls.Call unfinished = raw.call(LIVE).begin(10, 5);
            GrpcFixture.await(() -> fixture.pool.bytesOut() > 0);
            long before = System.nanoTime();
            fixture.server.close(Deadline.after(before, TimeUnit.SECONDS.toNanos(20)));
            assertEquals("14", unfinished.status());
            long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - before);
            assertTrue(seconds < 10, "it took " + seconds + " s");
        }
        assertEquals(ServingStatus.NOT_SERVING, known.poll(20, TimeUnit.SECONDS));
        for (BlockingQueue<Object> each : List.of(known, unknown, reflected)) {
            assertEquals(Status.Code.UNAVAILABLE, each.poll(20, TimeUnit.SECONDS));
        }
    }

    @Test
    void aStopWaitsForAnAnswerOnlyUntilItsDeadline() throws Exception {
        fixture = new GrpcFixture();
        GrpcFixture.HoldingScheduler holding = new GrpcFixture.HoldingScheduler();
        VersionInfo info = held(holding);
        var answer =
                GRPCInferenceServiceGrpc.newFutureStub(fixture.channel)
                        .modelInfer(Requests.good().setModelName("held").build());
        GrpcFixture.await(() -> holding.held.size() == 1);
        long before = System.nanoTime();
        fixture.server.close(Deadline.after(before, TimeUnit.MILLISECONDS.toNanos(300)));
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - before);
        assertTrue(millis >= 300 && millis < 8_000, "it took " + millis + " ms");
        GrpcFixture.await(answer::isDone);
        holding.held.getFirst().answer(new InferResponse(info, TensorSet.of(List.of(), () -> {})));
        fixture.awaitQuiet();
    }

    @Test
    void watchersHearOfAStateWhileAModelHangsAnotherLoop() throws Exception {
        fixture = GrpcFixture.withLoops(2);
        BlockingQueue<Object> watched = watch("");
        assertEquals(ServingStatus.SERVING, watched.poll(20, TimeUnit.SECONDS));
        // On the same connection, so on the same loop.
        GrpcFixture.HoldingScheduler holding = new GrpcFixture.HoldingScheduler();
        VersionInfo info = held(holding);
        var answer =
                GRPCInferenceServiceGrpc.newFutureStub(fixture.channel)
                        .modelInfer(Requests.good().setModelName("held").build());
        GrpcFixture.await(() -> holding.held.size() == 1);
        CountDownLatch end = new CountDownLatch(1);
        try {
            for (EventExecutor loop : fixture.loops) {
                if (!loop.inEventLoop(holding.thread)) {
                    loop.execute(() -> awaitUninterruptibly(end));
                }
            }
            fixture.service.markDraining();
            assertEquals(ServingStatus.NOT_SERVING, watched.poll(10, TimeUnit.SECONDS));
        } finally {
            end.countDown();
        }
        holding.held.getFirst().answer(new InferResponse(info, TensorSet.of(List.of(), () -> {})));
        assertEquals("held", answer.get(20, TimeUnit.SECONDS).getModelName());
    }

    private static void awaitUninterruptibly(CountDownLatch end) {
        try {
            assertTrue(end.await(30, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
