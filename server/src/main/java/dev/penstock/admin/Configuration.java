package dev.penstock.admin;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** The settings that a server runs with, as operators see them. Any thread. */
public interface Configuration {
    /**
     * A setting.
     *
     * @param value as JSON; null when it has none
     * @param origin file with line and column, variable, flag, or {@code default}
     * @param reload {@code live} when a reload is enough, else {@code restart}
     */
    record Setting(String key, JsonNode value, String origin, String reload, String about) {}

    /**
     * Something that is wrong with the settings, or looks wrong.
     *
     * @param level {@code error} or {@code warn}
     * @param at file with line and column, variable, or flag
     * @param key that is meant; empty when none is
     */
    record Finding(String level, String at, String key, String message) {}

    /**
     * A setting that is another now.
     *
     * @param live whether it is in force without a restart
     */
    record Changed(String key, JsonNode before, JsonNode after, boolean live) {}

    /**
     * What reading the settings again came to.
     *
     * @param dryRun true when nothing was changed; else null
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Reload(List<Finding> findings, List<Changed> changes, @Nullable Boolean dryRun) {
        /** Whether the settings can be used. */
        boolean isUsable() {
            return findings.stream().noneMatch(finding -> finding.level().equals("error"));
        }
    }

    /** Every setting in force, in order. */
    List<Setting> settings();

    /** What a reload would do now; changes nothing. */
    Reload look();

    /** Reads the settings again and puts in force what can be without a restart. */
    Reload reload();

    /** Of a server that was started with settings and has no file to read them from again. */
    Configuration FIXED =
            new Configuration() {
                @Override
                public List<Setting> settings() {
                    return List.of();
                }

                @Override
                public Reload look() {
                    return new Reload(List.of(), List.of(), null);
                }

                @Override
                public Reload reload() {
                    return look();
                }
            };
}
