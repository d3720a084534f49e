package dev.penstock.grpc;

import dev.penstock.inference.Failure;
import dev.penstock.tensor.Memory;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of one ModelInferRequest, or why there are none.
 *
 * @param block what the message lies in, to its end; whoever holds this owns it; null when the
 *     message was refused
 * @param begin where in the block the message begins
 * @param end and where it ends: always at an address that is a multiple of 8
 * @param refusal null when there is a block
 */
record InferMessage(@Nullable Memory block, int begin, int end, @Nullable Failure refusal) {
    static InferMessage refused(Failure why) {
        return new InferMessage(null, 0, 0, why);
    }

    /** Frees the bytes, if there are any. */
    void free() {
        if (block != null) {
            block.close();
        }
    }
}
