package dev.penstock.cli;

import java.util.Locale;
import picocli.CommandLine.TypeConversionException;

/** For whom a command writes. */
enum Output {
    TABLE,
    JSON;

    /**
     * Reads what is typed, in any case.
     *
     * @throws TypeConversionException when it is neither
     */
    static Output parse(String word) {
        return switch (word.toLowerCase(Locale.ROOT)) {
            case "table" -> TABLE;
            case "json" -> JSON;
            default -> throw new TypeConversionException("'" + word + "' is not table or json");
        };
    }

    /** As it is typed. */
    @Override
    public String toString() {
        return this == TABLE ? "table" : "json";
    }
}
