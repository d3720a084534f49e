package dev.penstock.app;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** What the build wrote of itself. */
final class Build {
    static final String VERSION = version();

    private Build() {}

    private static String version() {
        Properties properties = new Properties();
        try (InputStream in = Build.class.getResourceAsStream("/build.properties")) {
            if (in != null) {
                properties.load(in);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties.getProperty("version", "unknown");
    }
}
