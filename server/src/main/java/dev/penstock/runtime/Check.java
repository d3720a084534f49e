package dev.penstock.runtime;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Refuses wrong values with a sentence that holds the value. */
public final class Check {
    private Check() {}

    /**
     * Does nothing when the claim holds.
     *
     * @throws IllegalArgumentException with the formatted message when it does not
     */
    @FormatMethod
    public static void require(
            boolean holds, @FormatString String message, @Nullable Object... args) {
        if (!holds) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, message, args));
        }
    }
}
