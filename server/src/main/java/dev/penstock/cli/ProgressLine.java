package dev.penstock.cli;

import dev.penstock.runtime.Ticker;
import java.io.PrintWriter;
import java.util.concurrent.TimeUnit;

/**
 * How far something slow is, on the error stream: on a terminal one line that is drawn again, else
 * a line every ten seconds.
 */
final class ProgressLine {
    private static final long DRAWN_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final long PRINTED_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final int BAR_CHARS = 20;
    private static final String CLEAR = "\r\u001b[K";

    private final String name;
    private final PrintWriter err;
    private final boolean isDrawn;
    private final long beganNanos = Ticker.SYSTEM.nanos();
    private long shownNanos = beganNanos;
    private boolean isShown;

    ProgressLine(String name, PrintWriter err) {
        this.name = name;
        this.err = err;
        this.isDrawn = Cli.isOnTerminal();
    }

    /** Shows it, if it is time to. */
    void show(String how) {
        long now = Ticker.SYSTEM.nanos();
        if (now - shownNanos < (isDrawn ? DRAWN_NANOS : PRINTED_NANOS)) {
            return;
        }
        shownNanos = now;
        String line = Printable.line(name + "  " + how);
        if (isDrawn) {
            err.print(CLEAR + line);
            isShown = true;
        } else {
            err.println(line);
        }
        err.flush();
    }

    /**
     * Shows how much of a whole is done.
     *
     * @param unit of both
     */
    void show(long done, long all, String unit) {
        double share = all <= 0 ? 1 : Math.min(1, (double) done / all);
        int filled = (int) (BAR_CHARS * share);
        String bar = "█".repeat(filled) + "░".repeat(BAR_CHARS - filled);
        double perSecond = perSecond(done);
        String left =
                perSecond < 1 || done >= all
                        ? ""
                        : "  " + clock((long) ((all - done) / perSecond)) + " left";
        show(
                bar
                        + "  %d %%  ".formatted((int) (100 * share))
                        + grouped(done)
                        + " of "
                        + grouped(all)
                        + " "
                        + unit
                        + left);
    }

    /** So many of something a second since the beginning. */
    double perSecond(long done) {
        long nanos = Ticker.SYSTEM.nanos() - beganNanos;
        return nanos <= 0 ? 0 : done * 1e9 / nanos;
    }

    private static String clock(long seconds) {
        return "%02d:%02d".formatted(seconds / 60, seconds % 60);
    }

    /** A number with blanks between its thousands. */
    static String grouped(long number) {
        return "%,d".formatted(number).replace(',', ' ');
    }

    /** Takes the line away, so that something else can be printed. */
    void clear() {
        if (isShown) {
            err.print(CLEAR);
            err.flush();
            isShown = false;
        }
    }
}
