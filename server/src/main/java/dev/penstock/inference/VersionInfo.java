package dev.penstock.inference;

import org.jspecify.annotations.Nullable;

/**
 * What callers may know of a version that serves; one object for the life of the version, so that
 * edges may keep what they render from it.
 *
 * @param sha256 of what was loaded, 64 lower-case hex digits: of the model's bytes or, when it
 *     keeps weights in other files, of the list of the digests of all of them
 * @param independence whether an answer depends on what shares its run
 */
public record VersionInfo(
        VersionId id, Signature signature, String sha256, BatchIndependence independence) {
    private static final int SHORT_DIGEST_CHARS = 16;

    /** A version of which it is not known whether its rows are independent. */
    public VersionInfo(VersionId id, Signature signature, String sha256) {
        this(id, signature, sha256, BatchIndependence.UNKNOWN);
    }

    /** The first 16 hex digits of the digest, as response headers show it. */
    public String shortDigest() {
        return sha256.substring(0, SHORT_DIGEST_CHARS);
    }

    /** One version's life is one object: two lives of the same bytes are not the same. */
    @Override
    public boolean equals(@Nullable Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }

    /** The platform name that existing clients expect of an ONNX model. */
    public String platform() {
        return "onnxruntime_onnx";
    }
}
