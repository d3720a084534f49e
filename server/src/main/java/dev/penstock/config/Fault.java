package dev.penstock.config;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * One thing that is wrong with a configuration, or looks wrong.
 *
 * @param path of the setting, with dots; empty when no setting is meant
 * @param message what is wrong and what to write instead
 */
public record Fault(Severity severity, Origin at, String path, String message) {
    /** How bad it is. */
    public enum Severity {
        /** The configuration is not used. */
        ERROR,
        /** It is used. */
        WARN;

        /** {@code error} or {@code warn}. */
        public String word() {
            return this == ERROR ? "error" : "warn";
        }
    }

    private static final int MAX_CHARS = 400;

    public Fault {
        path = Quoted.line(path, MAX_CHARS);
        message = Quoted.line(message, MAX_CHARS);
    }

    private static final Comparator<Fault> BY_PLACE =
            Comparator.comparing((Fault fault) -> fault.at().kind())
                    .thenComparing(fault -> fault.at().source())
                    .thenComparingInt(fault -> fault.at().line())
                    .thenComparingInt(fault -> fault.at().column());

    static Fault error(Origin at, String path, String message) {
        return new Fault(Severity.ERROR, at, path, message);
    }

    static Fault warning(Origin at, String path, String message) {
        return new Fault(Severity.WARN, at, path, message);
    }

    public boolean isError() {
        return severity == Severity.ERROR;
    }

    /** The setting and what is wrong with it. */
    public String text() {
        return path.isEmpty() ? message : path + ": " + message;
    }

    static List<Fault> sorted(List<Fault> faults) {
        return faults.stream().sorted(BY_PLACE).toList();
    }

    /** A line a fault, with its place, and a last line that counts them. */
    public static List<String> lines(List<Fault> faults) {
        int width = faults.stream().mapToInt(f -> f.at().toString().length()).max().orElse(0);
        List<String> lines = new ArrayList<>();
        for (Fault fault : faults) {
            String place = fault.at().toString();
            lines.add(
                    place
                            + " ".repeat(width - place.length())
                            + "  "
                            + (fault.isError() ? "error" : "warn ")
                            + "  "
                            + fault.text());
        }
        lines.add(count(faults));
        return lines;
    }

    /** {@code 2 errors, 1 warning}. */
    private static String count(List<Fault> faults) {
        long errors = faults.stream().filter(Fault::isError).count();
        long warnings = faults.size() - errors;
        String counted = errors + (errors == 1 ? " error" : " errors");
        return warnings == 0
                ? counted
                : counted + ", " + warnings + (warnings == 1 ? " warning" : " warnings");
    }
}
