package dev.penstock.app;

import dev.penstock.admin.Configuration;
import dev.penstock.config.ConfigChange;
import dev.penstock.config.Fault;
import dev.penstock.config.ReadConfig;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/** The settings that a server was started with, and those of its file that changed since. */
final class RunningConfig implements Configuration {
    private final ConfigSource source;
    private volatile ReadConfig<GatewayConfig> current;
    private volatile Consumer<GatewayConfig> felt = config -> {};

    /**
     * @param started what the server was started with
     */
    RunningConfig(ConfigSource source, ReadConfig<GatewayConfig> started) {
        this.source = source;
        this.current = started;
    }

    /** Is given the settings after a reload, to put in force what needs no restart. */
    void whenReloaded(Consumer<GatewayConfig> told) {
        felt = told;
    }

    @Override
    public List<Setting> settings() {
        return current.settings().stream()
                .map(setting ->
                        new Setting(
                                setting.key().path(),
                                setting.json(),
                                setting.origin().toString(),
                                setting.key().reload().name().toLowerCase(Locale.ROOT),
                                setting.key().about()))
                .toList();
    }

    @Override
    public Reload look() {
        return compare(source.read());
    }

    @Override
    public synchronized Reload reload() {
        ReadConfig<GatewayConfig> next = source.read();
        Reload reload = compare(next);
        GatewayConfig config = next.value();
        if (config != null) {
            current = next;
            felt.accept(config);
        }
        return reload;
    }

    private Reload compare(ReadConfig<GatewayConfig> next) {
        List<Changed> changes =
                next.value() == null
                        ? List.of()
                        : ConfigChange.between(current, next).changes().stream()
                                .map(change ->
                                        new Changed(
                                                change.key().path(),
                                                change.before().json(),
                                                change.after().json(),
                                                change.key().reload()
                                                        == dev.penstock.config.Reload.LIVE))
                                .toList();
        return new Reload(
                next.faults().stream().map(RunningConfig::finding).toList(), changes, null);
    }

    private static Finding finding(Fault fault) {
        return new Finding(
                fault.severity().word(), fault.at().toString(), fault.path(), fault.message());
    }
}
