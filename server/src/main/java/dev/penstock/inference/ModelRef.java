package dev.penstock.inference;

/**
 * Which model a caller asks for.
 *
 * @param name as the caller wrote it
 * @param version the version that the caller named, or {@link #ANY}
 */
public record ModelRef(String name, long version) {
    /** No version named: the route decides. */
    public static final long ANY = 0;

    public boolean isPinned() {
        return version != ANY;
    }
}
