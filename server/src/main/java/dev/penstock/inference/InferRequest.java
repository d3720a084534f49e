package dev.penstock.inference;

import dev.penstock.runtime.Deadline;
import dev.penstock.tensor.TensorSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One prediction as asked for.
 *
 * @param id the caller's own, echoed in the answer; null when there was none
 * @param inputs owned by the exchange from {@code InferenceService.accept} on
 * @param outputs names in the order wanted; empty means all, in the model's order
 * @param deadline after which no answer is wanted
 * @param trace the caller's trace, or null
 * @param facts what routes may look at
 */
public record InferRequest(
        @Nullable String id,
        ModelRef model,
        TensorSet inputs,
        List<String> outputs,
        Deadline deadline,
        @Nullable TraceContext trace,
        CallFacts facts) {

    /** A request that carries nothing for routes to look at. */
    public InferRequest(
            @Nullable String id,
            ModelRef model,
            TensorSet inputs,
            List<String> outputs,
            Deadline deadline,
            @Nullable TraceContext trace) {
        this(id, model, inputs, outputs, deadline, trace, CallFacts.NONE);
    }
}
