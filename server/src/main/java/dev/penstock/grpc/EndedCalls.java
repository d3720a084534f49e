package dev.penstock.grpc;

import dev.penstock.inference.Exchange;
import dev.penstock.inference.Failure;
import dev.penstock.inference.ModelRef;
import dev.penstock.inference.Outcome;
import dev.penstock.inference.Protocol;
import dev.penstock.inference.Refused;
import dev.penstock.inference.Reply;
import dev.penstock.proto.GRPCInferenceServiceGrpc;
import dev.penstock.serving.InferenceService;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.util.function.Consumer;

/**
 * Counts the predictions that grpc-java refuses by itself, before there is a message: one above the
 * limit, of an unknown encoding, or one too many. Each is an exchange that is refused like any
 * other, but that grpc-java has told the caller already. On the connection's event loop.
 *
 * <p>How it tells them from all other calls: those that this server answered have a status with a
 * cause, and so have those that broke under an answer; a caller who went away is CANCELLED.
 */
final class EndedCalls extends ServerStreamTracer.Factory {
    private static final ModelRef UNKNOWN = new ModelRef("", ModelRef.ANY);
    private static final String INFER =
            GRPCInferenceServiceGrpc.getModelInferMethod().getFullMethodName();
    private static final ServerStreamTracer NOTHING = new ServerStreamTracer() {};
    private static final Reply TOLD =
            new Reply() {
                @Override
                public Protocol protocol() {
                    return Protocol.GRPC;
                }

                @Override
                public void send(Exchange exchange, Outcome outcome) {
                    exchange.settle(outcome);
                    exchange.close();
                }
            };

    private final InferenceService service;
    private final Consumer<Refused> refused;
    private final ServerStreamTracer counting =
            new ServerStreamTracer() {
                @Override
                public void streamClosed(Status status) {
                    if (!status.isOk() && status.getCause() == null) {
                        count(status);
                    }
                }
            };

    EndedCalls(InferenceService service, Consumer<Refused> refused) {
        this.service = service;
        this.refused = refused;
    }

    @Override
    public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
        return method.equals(INFER) ? counting : NOTHING;
    }

    private void count(Status status) {
        String why = String.valueOf(status.getDescription());
        switch (status.getCode()) {
            case RESOURCE_EXHAUSTED -> {
                refused.accept(Refused.BODY_BYTES);
                count(new Failure.PayloadTooLarge(why));
            }
            case UNIMPLEMENTED, INTERNAL -> {
                refused.accept(Refused.FRAMING);
                count(new Failure.InvalidInput("MALFORMED_CALL", why));
            }
            default -> {}
        }
    }

    private void count(Failure failure) {
        var _ = service.refuse(UNKNOWN, null, null, failure, TOLD);
    }
}
