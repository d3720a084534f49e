package dev.penstock.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;

/**
 * Rows in aligned columns under bold headings. On a terminal the last column is cut where the
 * screen ends; a file or a program gets all of it.
 */
final class TextTable {
    private static final String GAP = "  ";
    private static final String CUT = "…";
    private static final int LEAST_CHARS = 6;

    private final Ansi ansi;
    private final int screen;
    private final boolean[] isNumber;
    private final List<String[]> rows = new ArrayList<>();

    /**
     * @param screen characters of a line; no line is cut at {@link Integer#MAX_VALUE}
     * @param headings one that begins with {@code >} stands over numbers, which end in line
     */
    TextTable(Ansi ansi, int screen, String... headings) {
        this.ansi = ansi;
        this.screen = screen;
        this.isNumber = new boolean[headings.length];
        String[] plain = new String[headings.length];
        for (int i = 0; i < headings.length; i++) {
            isNumber[i] = headings[i].startsWith(">");
            plain[i] = isNumber[i] ? headings[i].substring(1) : headings[i];
        }
        rows.add(plain);
    }

    /** A table for whoever reads what the command prints. */
    static TextTable of(CommandLine command, String... headings) {
        return new TextTable(command.getColorScheme().ansi(), screen(command), headings);
    }

    /** Characters of a line of the terminal; a file's line has no end. */
    static int screen(CommandLine command) {
        return Cli.isOnTerminal()
                ? command.getCommandSpec().usageMessage().width()
                : Integer.MAX_VALUE;
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
        fit(widths);
        boolean isHeading = true;
        for (String[] row : rows) {
            String line = aligned(row, widths);
            out.println(isHeading && ansi.enabled() ? ansi.string("@|bold " + line + "|@") : line);
            isHeading = false;
        }
        out.flush();
    }

    private void fit(int[] widths) {
        int last = widths.length - 1;
        int before = 0;
        for (int column = 0; column < last; column++) {
            before += widths[column] + GAP.length();
        }
        if (!isNumber[last]) {
            widths[last] = Math.min(widths[last], Math.max(LEAST_CHARS, screen - before));
        }
    }

    private String aligned(String[] row, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int column = 0; column < row.length; column++) {
            String cell = row[column];
            if (cell.length() > widths[column]) {
                cell = cell.substring(0, widths[column] - CUT.length()) + CUT;
            }
            int missing = widths[column] - cell.length();
            line.repeat(' ', isNumber[column] ? missing : 0).append(cell);
            line.repeat(' ', isNumber[column] ? 0 : missing).append(GAP);
        }
        return line.toString().stripTrailing();
    }
}
