package dev.penstock.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the figures were taken on. */
final class Machine {
    private Machine() {}

    /** Processor, cores, kernel and Java, on one line. */
    static String describe() throws IOException {
        String processor = "unknown processor";
        for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"))) {
            if (line.startsWith("model name")) {
                processor = line.substring(line.indexOf(':') + 1).strip();
                break;
            }
        }
        return processor
                + ", "
                + Runtime.getRuntime().availableProcessors()
                + " cores, Linux "
                + System.getProperty("os.version")
                + ", Java "
                + Runtime.version();
    }

    /** Load average of the last minute. */
    static double load() {
        return ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
    }
}
