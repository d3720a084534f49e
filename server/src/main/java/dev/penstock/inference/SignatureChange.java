package dev.penstock.inference;

import dev.penstock.tensor.Shape;
import dev.penstock.tensor.TensorSpec;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What callers of one version of a model may trip over when they are sent to another. A version may
 * take more than the one before and give more; whatever else differs, breaks.
 */
public final class SignatureChange {
    private SignatureChange() {}

    /** The first difference that breaks callers of {@code before}, in words; null without one. */
    public static @Nullable String breaking(Signature before, Signature after) {
        for (TensorSpec input : before.inputs()) {
            String difference = difference("input", input, after.input(input.name()), true);
            if (difference != null) {
                return difference;
            }
        }
        String extra = unknownTo(before, after.inputs());
        if (extra != null) {
            return "input '" + extra + "' is new";
        }
        for (TensorSpec output : before.outputs()) {
            String difference = difference("output", output, after.output(output.name()), false);
            if (difference != null) {
                return difference;
            }
        }
        int rows = after.maxBatchSize();
        if (rows > 0 && (before.maxBatchSize() == 0 || before.maxBatchSize() > rows)) {
            String formerly =
                    before.maxBatchSize() == 0 ? "any number" : "" + before.maxBatchSize();
            return "takes " + rows + " rows at most, not " + formerly;
        }
        return null;
    }

    private static @Nullable String unknownTo(Signature before, List<TensorSpec> inputs) {
        for (TensorSpec input : inputs) {
            if (before.input(input.name()) == null) {
                return input.name();
            }
        }
        return null;
    }

    private static @Nullable String difference(
            String kind, TensorSpec before, @Nullable TensorSpec after, boolean isInput) {
        String what = kind + " '" + before.name() + "' ";
        if (after == null) {
            return what + "is gone";
        }
        if (before.type() != after.type()) {
            return what + "is " + after.type() + ", not " + before.type();
        }
        Shape wider = isInput ? after.shape() : before.shape();
        Shape narrower = isInput ? before.shape() : after.shape();
        return wider.accepts(narrower)
                ? null
                : what + "has shape " + after.shape() + ", not " + before.shape();
    }
}
