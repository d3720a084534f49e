package dev.penstock.config;

/**
 * Where a value, or a fault, stands.
 *
 * @param source the file, the variable or the flag; {@code default} when nobody said anything
 * @param line from 1; 0 outside a file, or when the whole file is meant
 * @param column from 1, in code points; 0 like the line
 */
public record Origin(Kind kind, String source, int line, int column) {
    /** The strongest last. */
    public enum Kind {
        DEFAULT,
        FILE,
        ENVIRONMENT,
        FLAG
    }

    static final Origin DEFAULT = new Origin(Kind.DEFAULT, "default", 0, 0);

    static Origin variable(String name) {
        return new Origin(Kind.ENVIRONMENT, name, 0, 0);
    }

    static Origin flag(String name) {
        return new Origin(Kind.FLAG, name, 0, 0);
    }

    static Origin file(String name, int line, int column) {
        return new Origin(Kind.FILE, name, line, column);
    }

    /**
     * {@code penstock.yaml:31:5}, {@code PENSTOCK_LOG_LEVEL}, {@code --http} or {@code default}.
     */
    @Override
    public String toString() {
        return line == 0 ? source : source + ":" + line + ":" + column;
    }
}
