package dev.penstock.app;

import dev.penstock.config.ConfigReader;
import dev.penstock.config.ReadConfig;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where a server's settings come from. Only the file can have changed when it is read again: the
 * environment and the flags are those that the process was started with.
 */
record ConfigSource(
        ConfigReader<GatewayConfig> reader,
        @Nullable Path file,
        Map<String, String> environment,
        Map<String, String> flags) {
    ConfigSource {
        environment = Map.copyOf(environment);
        flags = Map.copyOf(flags);
    }

    ReadConfig<GatewayConfig> read() {
        return reader.read(file, environment, flags);
    }
}
