package dev.penstock.app;

import dev.penstock.access.AccessSettings;
import dev.penstock.access.Right;
import dev.penstock.config.ConfigReader;
import dev.penstock.config.Key;
import dev.penstock.config.Reload;
import dev.penstock.config.SecretFile;
import dev.penstock.repository.Execution;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/** All that {@code penstock serve} can be told; each component is a section of the file. */
record GatewayConfig(
        @Key("How predictions and metrics are reached") ServerConfig server,
        @Key("How operators reach the server") AdminConfig admin,
        @Key("Where models come from") ModelsConfig models,
        @Key("How models are run") RuntimeConfig runtime,
        @Key("What the server keeps") DataConfig data,
        @Key("Which predictions are recorded") LineageConfig lineage,
        @Key("What the server says of itself") LogConfig log) {

    static final GatewayConfig DEFAULT =
            new GatewayConfig(
                    ServerConfig.DEFAULT,
                    AdminConfig.DEFAULT,
                    ModelsConfig.DEFAULT,
                    new RuntimeConfig(EngineName.FFM, Map.of()),
                    new DataConfig(Path.of("penstock-data")),
                    LineageConfig.DEFAULT,
                    new LogConfig(LogLevel.INFO, LogFormat.AUTO));

    static ConfigReader<GatewayConfig> reader() {
        return new ConfigReader<>(DEFAULT);
    }

    /** Who may do what, with what the environment holds of it. */
    AccessSettings access() {
        SecretFile named = admin.auth().tokens();
        Path inData = data.dir().resolve("tokens");
        Path file = named != null ? named.path() : Files.exists(inData) ? inData : null;
        Set<Right> anonymous = EnumSet.noneOf(Right.class);
        admin.auth().anonymous().forEach(each -> anonymous.add(each.right()));
        return new AccessSettings(
                anonymous,
                file,
                System.getenv().getOrDefault("PENSTOCK_TOKENS", ""),
                Set.copyOf(admin.hosts()));
    }

    record RuntimeConfig(
            @Key(
                            value = "ffm: the C API, every datatype; ort: the Java API",
                            flag = "--engine",
                            param = "NAME")
                    EngineName engine,
            @Key(
                            value =
                                    "For each model named, turn: on the event loop, or pool: on threads of its"
                                            + " own; the others choose by measurement at warm-up",
                            flag = "--execution",
                            param = "MODEL=MODE")
                    Map<String, Execution> execution) {}

    record DataConfig(
            @Key(value = "Where the server keeps what is its own", flag = "--data", param = "DIR")
                    Path dir) {}

    record LogConfig(
            @Key(
                            value = "The least that is logged of the server itself",
                            flag = "--log-level",
                            param = "LEVEL",
                            reload = Reload.LIVE)
                    LogLevel level,
            @Key(
                            value = "text, or a line of JSON an event; auto is text on a terminal",
                            flag = "--log-format",
                            param = "FORM")
                    LogFormat format) {}

    /** Both engines load the same library. */
    enum EngineName {
        FFM,
        ORT
    }

    enum LogLevel {
        ERROR,
        WARN,
        INFO,
        DEBUG,
        TRACE
    }

    enum LogFormat {
        AUTO,
        TEXT,
        JSON
    }
}
