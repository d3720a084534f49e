package dev.penstock.app;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import dev.penstock.app.GatewayConfig.LogConfig;
import dev.penstock.app.GatewayConfig.LogLevel;
import org.slf4j.LoggerFactory;

/**
 * Where the log goes: standard error, as text where a person reads it, as a line of JSON an event
 * elsewhere.
 */
final class LogSetup {
    private static final String PATTERN = "%d{HH:mm:ss.SSS} %-5level %-12logger{0} %msg%n%ex{full}";

    private LogSetup() {}

    /** Sets the log up anew. */
    static void configure(LogConfig config, boolean onTerminal) {
        boolean asText =
                switch (config.format()) {
                    case AUTO -> onTerminal;
                    case TEXT -> true;
                    case JSON -> false;
                };
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.reset();
        Encoder<ILoggingEvent> encoder = asText ? text(context) : json();
        encoder.setContext(context);
        encoder.start();
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setContext(context);
        appender.setTarget("System.err");
        appender.setEncoder(encoder);
        appender.start();
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.WARN);
        root.addAppender(appender);
        level(config.level());
        JavaLogging.take();
    }

    /** Changes what is logged from now on. */
    static void level(LogLevel level) {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.getLogger("dev.penstock").setLevel(Level.valueOf(level.name()));
    }

    private static JsonEncoder json() {
        JsonEncoder encoder = new JsonEncoder();
        encoder.setWithSequenceNumber(false);
        encoder.setWithNanoseconds(false);
        encoder.setWithContext(false);
        encoder.setWithMDC(false);
        encoder.setWithArguments(false);
        encoder.setWithMessage(false);
        encoder.setWithFormattedMessage(true);
        return encoder;
    }

    private static PatternLayoutEncoder text(LoggerContext context) {
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern(PATTERN);
        return encoder;
    }
}
