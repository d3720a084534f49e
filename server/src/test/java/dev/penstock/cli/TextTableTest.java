package dev.penstock.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.Help.Ansi;

final class TextTableTest {
    private static String printed(TextTable table) {
        StringWriter out = new StringWriter();
        table.print(new PrintWriter(out));
        return out.toString();
    }

    private static TextTable table(Ansi ansi, int screen) {
        TextTable table = new TextTable(ansi, screen, "NAME", ">SHARE", "NOTE");
        table.row("a", "5 %", "a note of 22 characters");
        table.row("long", "100 %", "b\u001b[31m");
        return table;
    }

    @Test
    void numbersEndInLineAndNothingSteersTheTerminal() {
        assertEquals(
                """
                NAME  SHARE  NOTE
                a       5 %  a note of 22 characters
                long  100 %  b\\u001b[31m
                """,
                printed(table(Ansi.OFF, Integer.MAX_VALUE)));
    }

    @Test
    void theLastColumnIsCutWhereTheScreenEnds() {
        // 4 + 2 + 5 + 2 characters stand before it, so that 17 of 30 are left.
        assertEquals(
                """
                NAME  SHARE  NOTE
                a       5 %  a note of 22 cha…
                long  100 %  b\\u001b[31m
                """,
                printed(table(Ansi.OFF, 30)));
    }

    @Test
    void onlyTheHeadingsAreBold() {
        String[] lines = printed(table(Ansi.ON, 80)).split("\n", -1);
        assertEquals("\u001b[1mNAME  SHARE  NOTE\u001b[21m\u001b[0m", lines[0]);
        assertEquals("a       5 %  a note of 22 characters", lines[1]);
    }
}
