package dev.penstock.lineage;

import static dev.penstock.runtime.Check.require;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of an input's values before they are kept.
 *
 * <p>A rule for a column goes before a rule for all of the input. Where a rule cannot be followed,
 * because the input is not of two dimensions or is not of numbers, its values are dropped.
 *
 * @param column index of a column of an input with two dimensions; null for all of the input
 * @param digits after the decimal point, for {@link With#ROUND}; else 0
 */
public record RedactionRule(
        String model, String input, @Nullable Integer column, With with, int digits) {
    private static final int MAX_DIGITS = 15;

    /** What is done. */
    public enum With {
        /** Values stay as they are. */
        KEEP,
        /** Nothing stays. */
        DROP,
        /** A keyed hash stays, so that equal values can be told to be equal. */
        HMAC,
        /** Numbers stay, with fewer digits. */
        ROUND
    }

    public RedactionRule {
        require(column == null || column >= 0, "column is %s, must not be negative", column);
        require(
                digits >= 0 && digits <= MAX_DIGITS && (with == With.ROUND || digits == 0),
                "%d digits for %s",
                digits,
                with);
    }

    /** As configuration and records write it: {@code hmac}, {@code round:2}. */
    String text() {
        String name = with.name().toLowerCase(Locale.ROOT);
        return with == With.ROUND ? name + ":" + digits : name;
    }
}
