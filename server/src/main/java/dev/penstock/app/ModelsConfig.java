package dev.penstock.app;

import dev.penstock.config.Between;
import dev.penstock.config.DataSize;
import dev.penstock.config.Key;
import dev.penstock.config.Reload;
import dev.penstock.repository.VersionPolicy;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Where models come from, and which of their versions are loaded. */
record ModelsConfig(
        @Key(value = "The model store", flag = "--models", param = "DIR") Path dir,
        @Key(
                        value = "Name of a store that is one model.onnx; else the folder's name",
                        flag = "--model-name",
                        param = "NAME",
                        alias = "PENSTOCK_MODEL_NAME")
                @Nullable String name,
        @Key(
                        value = "How often the store is looked at beside the watch",
                        flag = "--poll",
                        param = "TIME",
                        reload = Reload.LIVE)
                @Between(min = "10ms", max = "1h")
                Duration poll,
        @Key(
                        value =
                                "Which versions are loaded: latest:N, all, or a list such as 1,3; a model's"
                                        + " own config.pbtxt wins",
                        flag = "--version-policy",
                        param = "POLICY",
                        reload = Reload.LIVE)
                VersionPolicy versions,
        @Key("Largest model that may be uploaded") @Between(min = "1KiB", max = "1TiB")
                DataSize maxUpload) {

    static final ModelsConfig DEFAULT =
            new ModelsConfig(
                    Path.of("models"),
                    null,
                    Duration.ofSeconds(1),
                    VersionPolicy.DEFAULT,
                    DataSize.parse("4GiB"));
}
