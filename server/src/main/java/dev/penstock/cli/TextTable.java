package dev.penstock.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Help.Ansi;

/** Rows in aligned columns under bold headings. */
final class TextTable {
    private static final String GAP = "  ";

    private final Ansi ansi;
    private final List<String[]> rows = new ArrayList<>();

    TextTable(Ansi ansi, String... headings) {
        this.ansi = ansi;
        rows.add(headings);
    }

    /** Adds a row; what comes from a server is made printable. */
    void row(String... cells) {
        String[] printable = new String[cells.length];
        for (int i = 0; i < cells.length; i++) {
            printable[i] = Printable.line(cells[i]);
        }
        rows.add(printable);
    }

    void print(PrintWriter out) {
        int[] widths = new int[rows.getFirst().length];
        for (String[] row : rows) {
            for (int column = 0; column < row.length; column++) {
                widths[column] = Math.max(widths[column], row[column].length());
            }
        }
        boolean isHeading = true;
        for (String[] row : rows) {
            String line = aligned(row, widths);
            out.println(isHeading && ansi.enabled() ? ansi.string("@|bold " + line + "|@") : line);
            isHeading = false;
        }
        out.flush();
    }

    private static String aligned(String[] row, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int column = 0; column < row.length; column++) {
            line.append(row[column]);
            line.repeat(' ', widths[column] - row[column].length()).append(GAP);
        }
        return line.toString().stripTrailing();
    }
}
