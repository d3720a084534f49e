package dev.penstock.inference;

import dev.penstock.tensor.TensorSet;
import org.jspecify.annotations.Nullable;

/**
 * What a shadow made of a prediction that was answered by another version.
 *
 * @param version that was asked
 * @param outputs null when it failed; they belong to whoever asked it, and may be read only until
 *     that one closes them
 * @param failure why there are none, where the shadow said why
 * @param computeNanos of its run
 */
public record ShadowAnswer(
        VersionInfo version,
        ShadowVerdict verdict,
        @Nullable TensorSet outputs,
        @Nullable Failure failure,
        long computeNanos) {}
