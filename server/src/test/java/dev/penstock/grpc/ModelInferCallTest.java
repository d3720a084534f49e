package dev.penstock.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.penstock.inference.Limits;
import dev.penstock.runtime.Ticker;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a call does when what is below it breaks. */
final class ModelInferCallTest {
    private final GrpcFixture fixture;
    private final ModelInferMethod method;

    ModelInferCallTest() throws Exception {
        fixture = new GrpcFixture();
        method =
                new ModelInferMethod(
                        fixture.service,
                        fixture.pool,
                        Limits.DEFAULT,
                        Ticker.SYSTEM,
                        new CallMetadata(fixture.service),
                        fixture.refused::add);
    }

    @AfterEach
    void stop() {
        fixture.close();
    }

    /** Breaks when it is to send. */
    private final class BrokenCall extends ServerCall<InferMessage, OipMessageWriter> {
        final List<Status.Code> closed = new ArrayList<>();
        private final Error inHeaders;
        private final Error inMessage;

        BrokenCall(Error inHeaders, Error inMessage) {
            this.inHeaders = inHeaders;
            this.inMessage = inMessage;
        }

        @Override
        public void request(int messages) {}

        @Override
        public void sendHeaders(Metadata headers) {
            if (inHeaders != null) {
                throw inHeaders;
            }
        }

        @Override
        public void sendMessage(OipMessageWriter message) {
            if (inMessage != null) {
                throw inMessage;
            }
        }

        @Override
        public void close(Status status, Metadata trailers) {
            closed.add(status.getCode());
        }

        @Override
        public boolean isCancelled() {
            return false;
        }

        @Override
        public MethodDescriptor<InferMessage, OipMessageWriter> getMethodDescriptor() {
            return method.descriptor();
        }
    }

    private void run(BrokenCall call) {
        ServerCall.Listener<InferMessage> listener = method.startCall(call, new Metadata());
        byte[] message = Requests.good().build().toByteArray();
        listener.onMessage(
                new InferMessageReceiver(fixture.pool, Limits.DEFAULT)
                        .receive(new ByteArrayInputStream(message)));
        listener.onHalfClose();
        listener.onComplete();
    }

    @Test
    void anErrorWhileAnAnswerIsSentEndsTheCallAndKeepsNothing() {
        BrokenCall inHeaders = new BrokenCall(new OutOfMemoryError("as if"), null);
        run(inHeaders);
        assertEquals(List.of(Status.Code.INTERNAL), inHeaders.closed);
        fixture.awaitQuiet();

        BrokenCall inMessage = new BrokenCall(null, new StackOverflowError("as if"));
        run(inMessage);
        assertEquals(List.of(Status.Code.INTERNAL), inMessage.closed);
        fixture.awaitQuiet();
    }

    @Test
    void whatComesAfterARefusalIsDropped() {
        BrokenCall call = new BrokenCall(null, null);
        ModelInferCall refused = new ModelInferCall(method, call, new Metadata());
        InferMessageReceiver receiver = new InferMessageReceiver(fixture.pool, Limits.DEFAULT);
        byte[] message = Requests.good().build().toByteArray();
        refused.onMessage(receiver.receive(new ByteArrayInputStream(message)));
        refused.refuse(new dev.penstock.inference.Failure.MemoryFull());
        refused.onMessage(receiver.receive(new ByteArrayInputStream(message)));
        refused.onHalfClose();
        refused.onComplete();
        assertEquals(List.of(Status.Code.UNAVAILABLE), call.closed);
        assertEquals(List.of("unavailable"), List.copyOf(fixture.outcomes));
        fixture.awaitQuiet();
    }
}
