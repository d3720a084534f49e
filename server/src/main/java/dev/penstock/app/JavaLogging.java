package dev.penstock.app;

import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes what libraries write to the JDK's own log, and keeps the warnings among it: as it comes,
 * that log goes to standard error in a form of its own, with a stack trace for each caller that
 * speaks another protocol.
 */
final class JavaLogging extends Handler {
    private static final JavaLogging HANDLER = new JavaLogging();
    // The log manager forgets the settings of loggers that nobody holds.
    private static final Logger ROOT = Logger.getLogger("");

    private JavaLogging() {}

    /** Once for the process; again does no harm. */
    static void take() {
        LogManager.getLogManager().reset();
        ROOT.setLevel(Level.WARNING);
        ROOT.addHandler(HANDLER);
    }

    @Override
    public void publish(LogRecord line) {
        if (line.getLevel().intValue() < Level.WARNING.intValue()) {
            return;
        }
        String name = line.getLoggerName() == null ? "java" : line.getLoggerName();
        LoggerFactory.getLogger(name)
                .atLevel(
                        line.getLevel().intValue() >= Level.SEVERE.intValue()
                                ? org.slf4j.event.Level.ERROR
                                : org.slf4j.event.Level.WARN)
                .setCause(line.getThrown())
                .log(new java.util.logging.SimpleFormatter().formatMessage(line));
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
}
