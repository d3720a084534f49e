package dev.penstock.grpc;

import dev.penstock.inference.Limits;
import dev.penstock.inference.Refused;
import dev.penstock.proto.GRPCInferenceServiceGrpc;
import dev.penstock.runtime.Ticker;
import dev.penstock.serving.InferenceService;
import dev.penstock.tensor.TensorPool;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import java.io.InputStream;
import java.util.function.Consumer;

/**
 * The method ModelInfer with messages of our own in place of the generated ones. One for the
 * server; holds what its calls share.
 */
final class ModelInferMethod implements ServerCallHandler<InferMessage, OipMessageWriter> {
    final InferenceService service;
    final TensorPool pool;
    final Limits limits;
    final Ticker ticker;
    final CallMetadata metadata;
    final Consumer<Refused> refused;

    ModelInferMethod(
            InferenceService service,
            TensorPool pool,
            Limits limits,
            Ticker ticker,
            CallMetadata metadata,
            Consumer<Refused> refused) {
        this.service = service;
        this.pool = pool;
        this.limits = limits;
        this.ticker = ticker;
        this.metadata = metadata;
        this.refused = refused;
    }

    /** The generated method's descriptor, but for how messages are read and written. */
    MethodDescriptor<InferMessage, OipMessageWriter> descriptor() {
        InferMessageReceiver receiver = new InferMessageReceiver(pool, limits);
        return GRPCInferenceServiceGrpc.getModelInferMethod().toBuilder(
                        new Incoming(receiver), new Outgoing())
                .build();
    }

    @Override
    public ServerCall.Listener<InferMessage> startCall(
            ServerCall<InferMessage, OipMessageWriter> call, Metadata headers) {
        // Two, so that grpc-java sees a second message and ends the call.
        call.request(2);
        return new ModelInferCall(this, call, headers);
    }

    private record Incoming(InferMessageReceiver receiver)
            implements MethodDescriptor.Marshaller<InferMessage> {
        @Override
        public InputStream stream(InferMessage value) {
            throw new UnsupportedOperationException("a server only reads requests");
        }

        @Override
        public InferMessage parse(InputStream stream) {
            return receiver.receive(stream);
        }
    }

    private record Outgoing() implements MethodDescriptor.Marshaller<OipMessageWriter> {
        @Override
        public InputStream stream(OipMessageWriter value) {
            return value;
        }

        @Override
        public OipMessageWriter parse(InputStream stream) {
            throw new UnsupportedOperationException("a server only writes responses");
        }
    }
}
