package dev.penstock.config;

import java.math.BigDecimal;

/**
 * A share from 0 to 1, such as a sample rate. A weight is a percentage and has another type: the
 * two are never mixed up silently.
 */
public record Fraction(double value) implements Comparable<Fraction> {
    public Fraction {
        if (!(value >= 0 && value <= 1)) {
            throw new IllegalArgumentException(value + " is not between 0 and 1");
        }
    }

    /**
     * Reads {@code 0.02}.
     *
     * @throws IllegalArgumentException that says what to write instead
     */
    public static Fraction parse(String text) {
        if (text.matches("[0-9]{1,9}(\\.[0-9]{1,9})?%")) {
            String number = text.substring(0, text.length() - 1);
            throw new IllegalArgumentException(
                    text + " is a percentage, must be a fraction" + meant(new BigDecimal(number)));
        }
        if (!text.matches("-?[0-9]{0,9}\\.?[0-9]{0,18}(e-?[0-9]{1,2})?")
                || text.chars().noneMatch(Character::isDigit)
                || text.matches("-?\\.?e.*")) {
            throw new IllegalArgumentException(
                    Quoted.of(text) + " is not a fraction between 0 and 1 such as 0.02");
        }
        BigDecimal number = new BigDecimal(text);
        if (number.signum() < 0 || number.compareTo(BigDecimal.ONE) > 0) {
            throw new IllegalArgumentException(text + " is not between 0 and 1" + meant(number));
        }
        return new Fraction(number.doubleValue());
    }

    private static String meant(BigDecimal percent) {
        if (percent.signum() < 0 || percent.compareTo(BigDecimal.valueOf(100)) > 0) {
            return "";
        }
        BigDecimal fraction = percent.movePointLeft(2).stripTrailingZeros();
        return ". For "
                + percent.stripTrailingZeros().toPlainString()
                + " percent write "
                + fraction.toPlainString();
    }

    @Override
    public int compareTo(Fraction other) {
        return Double.compare(value, other.value);
    }

    @Override
    public String toString() {
        BigDecimal exact = BigDecimal.valueOf(value);
        return exact.signum() == 0 ? "0" : exact.stripTrailingZeros().toPlainString();
    }
}
