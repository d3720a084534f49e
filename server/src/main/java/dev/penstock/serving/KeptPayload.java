package dev.penstock.serving;

import dev.penstock.inference.Exchange;
import dev.penstock.inference.InferResponse;
import dev.penstock.inference.PredictionRecorder;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An answered exchange whose inputs and outputs were moved here. Whoever takes it from its queue
 * frees it, once.
 */
final class KeptPayload {
    private final Exchange exchange;
    private final @Nullable ShadowTally pair;
    private final PredictionRecorder.@Nullable Ticket ticket;
    private final long keptNanos;
    private final long bytes;

    /** The one that was kept before, while it waits. */
    @Nullable KeptPayload next;

    /**
     * @param pair what a shadow is asked for, or null
     * @param ticket of the recorder, or null
     * @param bytes from {@link #bytes(Exchange)}
     */
    KeptPayload(
            Exchange exchange,
            @Nullable ShadowTally pair,
            PredictionRecorder.@Nullable Ticket ticket,
            long keptNanos,
            long bytes) {
        this.exchange = exchange;
        this.pair = pair;
        this.ticket = ticket;
        this.keptNanos = keptNanos;
        this.bytes = bytes;
    }

    Exchange exchange() {
        return exchange;
    }

    /** What a shadow is asked for; null when none is. */
    @Nullable ShadowTally pair() {
        return pair;
    }

    /** What the recorder decided; null when a shadow alone brought the payload here. */
    PredictionRecorder.@Nullable Ticket ticket() {
        return ticket;
    }

    long keptNanos() {
        return keptNanos;
    }

    long bytes() {
        return bytes;
    }

    /** Bytes of the inputs and outputs together. */
    static long bytes(Exchange exchange) {
        long bytes = bytes(exchange.request().inputs());
        return exchange.firstAnswer() instanceof InferResponse response
                ? bytes + bytes(response.outputs())
                : bytes;
    }

    private static long bytes(TensorSet set) {
        List<Tensor> tensors = set.tensors();
        long bytes = 0;
        for (int i = 0; i < tensors.size(); i++) {
            bytes += tensors.get(i).byteSize();
        }
        return bytes;
    }
}
