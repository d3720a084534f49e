package dev.penstock.lineage.store;

import java.io.IOException;

/** A line is not what the log wrote there. */
final class LineFault extends IOException {
    private static final long serialVersionUID = 1;

    private final long line;

    /**
     * A fault at a line.
     *
     * @param line among the lines of the segment, from 1
     */
    LineFault(long line, String reason) {
        super(reason);
        this.line = line;
    }

    long line() {
        return line;
    }

    @Override
    public String getMessage() {
        return "line " + line + ": " + super.getMessage();
    }

    String reason() {
        return String.valueOf(super.getMessage());
    }
}
