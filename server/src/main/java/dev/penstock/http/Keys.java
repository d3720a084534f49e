package dev.penstock.http;

import org.jspecify.annotations.Nullable;

/**
 * The keys that one JSON object has had so far: refuses a second of the same name, and too many.
 */
final class Keys {
    private final String what;
    private final int max;
    private @Nullable String[] seen = new @Nullable String[8];
    private int size;

    Keys(String what, int max) {
        this.what = what;
        this.max = max;
    }

    /** Adds a key and gives it back. */
    String add(String key) {
        for (int i = 0; i < size; i++) {
            if (key.equals(seen[i])) {
                throw Refusals.invalid(
                        "DUPLICATE_KEY", "key '" + key + "' appears twice in " + what);
            }
        }
        if (size == max) {
            throw Refusals.invalid("TOO_MANY_KEYS", "more than " + max + " keys in " + what);
        }
        if (size == seen.length) {
            seen = java.util.Arrays.copyOf(seen, size * 2);
        }
        seen[size++] = key;
        return key;
    }
}
