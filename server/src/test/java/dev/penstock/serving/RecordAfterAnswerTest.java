package dev.penstock.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.penstock.OnnxModel;
import dev.penstock.inference.Exchange;
import dev.penstock.inference.InferResponse;
import dev.penstock.inference.PredictionRecorder;
import dev.penstock.inference.ShadowAnswer;
import dev.penstock.inference.ShadowVerdict;
import dev.penstock.inference.ShedReason;
import dev.penstock.tensor.Tensor;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a recorder is given, and that nothing of it stays behind. The fixture counts the memory. */
@Timeout(60)
final class RecordAfterAnswerTest {
    private static final byte[] ADD_ONE = OnnxModel.addConstant(1, -1);

    /** Wants what it is told to want, and reads all that it may read. */
    private static final class Witness implements PredictionRecorder {
        final AtomicInteger seen = new AtomicInteger();
        final AtomicInteger dropped = new AtomicInteger();
        final List<String> records = new CopyOnWriteArrayList<>();
        volatile boolean wantsAll;
        volatile boolean breaks;

        private record Wanted() implements Ticket {}

        @Override
        public @Nullable Ticket wants(Exchange exchange) {
            seen.incrementAndGet();
            return wantsAll ? new Wanted() : null;
        }

        @Override
        public void record(
                Exchange exchange, @Nullable Ticket ticket, @Nullable ShadowAnswer shadow) {
            if (breaks) {
                throw new IllegalStateException("meant to break");
            }
            String text = (ticket != null) + " " + first(exchange.request().inputs().tensors());
            if (exchange.firstAnswer() instanceof InferResponse answer) {
                text += " " + first(answer.outputs().tensors());
            }
            if (shadow != null) {
                text += " " + shadow.version().id() + " " + shadow.verdict();
                text += shadow.outputs() == null ? "" : " " + first(shadow.outputs().tensors());
            }
            records.add(text);
        }

        @Override
        public void dropped(Ticket ticket) {
            dropped.incrementAndGet();
        }

        private static float first(List<Tensor> tensors) {
            return tensors.getFirst().data().getFloat(0);
        }
    }

    private final Witness witness = new Witness();

    private ShadowFixture fixture() throws Exception {
        ShadowFixture m = new ShadowFixture(1, witness);
        m.turn(1, ADD_ONE);
        return m;
    }

    @Test
    void whatIsWantedIsReadWhileItIsThere() throws Exception {
        try (ShadowFixture m = fixture()) {
            m.publish(null);
            m.start();
            witness.wantsAll = true;
            assertInstanceOf(InferResponse.class, m.ask(41));
            ShadowFixture.await("a record", () -> witness.records.size() == 1);
            assertEquals(List.of("true 41.0 42.0"), witness.records);
        }
    }

    @Test
    void whatIsNotWantedIsSeenAndNotKept() throws Exception {
        try (ShadowFixture m = fixture()) {
            m.publish(null);
            m.openUnattended();
            assertInstanceOf(InferResponse.class, m.ask(41));
            assertEquals(1, witness.seen.get());
            assertEquals(0, m.after.kept());
        }
    }

    @Test
    void aPairBringsWhatTheShadowAnswered() throws Exception {
        try (ShadowFixture m = fixture()) {
            m.turn(2, OnnxModel.addConstant(3, -1));
            m.route(2, 1);
            m.start();
            assertInstanceOf(InferResponse.class, m.ask(1));
            ShadowFixture.await("the first", () -> witness.records.size() == 1);
            witness.wantsAll = true;
            assertInstanceOf(InferResponse.class, m.ask(2));
            ShadowFixture.await("the second", () -> witness.records.size() == 2);
            assertEquals(
                    List.of(
                            "false 1.0 2.0 m/2 " + ShadowVerdict.DIFF + " 4.0",
                            "true 2.0 3.0 m/2 " + ShadowVerdict.DIFF + " 5.0"),
                    witness.records);
        }
    }

    @Test
    void aRecordIsMadeWhereItsShadowIsGone() throws Exception {
        try (ShadowFixture m = fixture()) {
            m.route(2, 1);
            m.start();
            witness.wantsAll = true;
            assertInstanceOf(InferResponse.class, m.ask(1));
            ShadowFixture.await("a record", () -> witness.records.size() == 1);
            assertEquals(List.of("true 1.0 2.0"), witness.records);
            assertEquals(1, m.shed(ShedReason.NOT_READY));
        }
    }

    @Test
    void aRecorderThatBreaksKeepsNoMemory() throws Exception {
        try (ShadowFixture m = fixture()) {
            m.turn(2, ADD_ONE);
            m.route(2, 1);
            m.start();
            witness.wantsAll = true;
            witness.breaks = true;
            for (int i = 0; i < 10; i++) {
                assertInstanceOf(InferResponse.class, m.ask(1));
            }
            ShadowFixture.await("all freed", () -> m.after.kept() == 0);
            witness.breaks = false;
            assertInstanceOf(InferResponse.class, m.ask(5));
            ShadowFixture.await("the next", () -> witness.records.size() == 1);
        }
    }

    @Test
    void whatFindsNoRoomIsDroppedAndSaidSo() throws Exception {
        try (ShadowFixture m = fixture()) {
            m.publish(null);
            m.openUnattended();
            witness.wantsAll = true;
            for (int i = 0; i < AfterAnswer.CAPACITY + 3; i++) {
                assertInstanceOf(InferResponse.class, m.ask(1));
            }
            assertEquals(3, witness.dropped.get());
            // An orderly stop still records what waits.
            m.after.close();
            assertEquals(AfterAnswer.CAPACITY, witness.records.size());
            assertEquals(3, witness.dropped.get());
        }
    }
}
