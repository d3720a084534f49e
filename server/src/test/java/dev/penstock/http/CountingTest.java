package dev.penstock.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.ChangedLimits;
import dev.penstock.http.RawClient.Answer;
import dev.penstock.inference.Exchange;
import dev.penstock.inference.Failure;
import dev.penstock.inference.InferResponse;
import dev.penstock.inference.Limits;
import dev.penstock.inference.Signature;
import dev.penstock.inference.VersionId;
import dev.penstock.inference.VersionInfo;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Memory;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorSet;
import dev.penstock.tensor.TensorSpec;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is counted of a prediction is what its caller got. */
final class CountingTest {
    private static final String HELD = "/v2/models/held/infer";

    private final HttpFixture.HoldingScheduler held = new HttpFixture.HoldingScheduler();
    private HttpFixture fixture = new HttpFixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    private void holdModel(DataType output) {
        Signature signature =
                new Signature(
                        List.of(new TensorSpec("X", DataType.FP32, Shape.of(-1))),
                        List.of(new TensorSpec("Y", output, Shape.of(-1))),
                        0);
        fixture.publish(
                new VersionInfo(new VersionId("held", 1), signature, HttpFixture.DIGEST), held);
    }

    /** Answers what is held with one output of that many bytes, which begins with these. */
    private Exchange answer(DataType type, int elements, int bytes, int... first) {
        HttpFixture.await(() -> held.held.size() == 1);
        Exchange exchange = held.held.getFirst();
        Memory memory = fixture.pool.take(bytes);
        for (int i = 0; i < first.length; i++) {
            memory.bytes().put(i, (byte) first[i]);
        }
        TensorSet.Builder builder = new TensorSet.Builder().own(memory);
        builder.add(new Tensor("Y", type, Shape.of(elements), memory.bytes()));
        exchange.answer(new InferResponse(exchange.version(), builder.build()));
        return exchange;
    }

    private void assertCounted(String... codes) {
        HttpFixture.await(() -> fixture.completed.get() == codes.length);
        assertEquals(List.of(codes), List.copyOf(fixture.outcomes));
    }

    @Test
    void anOutputThatIsTooLargeIsNoSuccess() throws IOException {
        fixture.close();
        // 400 000 floats of at most 17 characters are more than the 6 MiB that are allowed.
        fixture = new HttpFixture(ChangedLimits.bodyBytes(6 << 20));
        holdModel(DataType.FP32);
        try (RawClient client = fixture.client()) {
            client.post(HELD, HostileRequests.body());
            Exchange exchange = answer(DataType.FP32, 400_000, 1_600_000);
            Answer refused = client.read();
            assertEquals(413, refused.status());
            assertTrue(refused.text().contains("output too large"), refused.text());
            assertCounted("invalid");
            assertInstanceOf(Failure.PayloadTooLarge.class, exchange.outcome());

            held.held.clear();
            client.post(HELD, HostileRequests.body());
            answer(DataType.FP32, 1, 4);
            assertEquals(200, client.read().status());
            assertCounted("invalid", "ok");
        }
    }

    @Test
    void bytesThatAreNoTextAreNoSuccessAsJson() throws IOException {
        holdModel(DataType.BYTES);
        try (RawClient client = fixture.client()) {
            client.post(HELD, HostileRequests.body());
            Exchange exchange = answer(DataType.BYTES, 1, 5, 1, 0, 0, 0, 0xff);
            Answer refused = client.read();
            assertEquals(400, refused.status());
            assertTrue(refused.text().contains("OUTPUT_NOT_TEXT"), refused.text());
            assertCounted("invalid");
            assertInstanceOf(Failure.InvalidInput.class, exchange.outcome());

            held.held.clear();
            client.post(HELD, HostileRequests.body());
            answer(DataType.BYTES, 1, 5, 1, 0, 0, 0, 'a');
            assertEquals(200, client.read().status());
            assertCounted("invalid", "ok");
        }
    }

    @Test
    void anAnswerThatThereIsNoMemoryForIsNoSuccess() throws IOException {
        fixture.close();
        // Room for the output, 100 000 bytes, and not for its text, up to 17 for each 4 of those.
        fixture = new HttpFixture(Limits.DEFAULT, 200_000, false);
        holdModel(DataType.FP32);
        try (RawClient client = fixture.client()) {
            client.post(HELD, HostileRequests.body());
            answer(DataType.FP32, 25_000, 100_000);
            assertEquals(503, client.read().status());
            assertCounted("unavailable");
        }
    }

    @Test
    void anAnswerThatNobodyIsThereToReadIsCancelled() throws IOException {
        holdModel(DataType.FP32);
        try (RawClient client = fixture.client()) {
            client.post(HELD, HostileRequests.body());
            HttpFixture.await(() -> held.held.size() == 1);
        }
        HttpFixture.await(() -> held.held.getFirst().isCancelled());
        Exchange exchange = answer(DataType.FP32, 1, 4);
        assertCounted("cancelled");
        assertInstanceOf(Failure.Cancelled.class, exchange.outcome());
    }
}
