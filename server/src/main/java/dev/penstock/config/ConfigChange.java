package dev.penstock.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * What differs between two configurations, and which of it can be had without a restart.
 *
 * @param changes in the order of the keys
 */
public record ConfigChange(List<Change> changes) {
    /** One setting, before and after. */
    public record Change(Setting before, Setting after) {
        public ConfigKey key() {
            return after.key();
        }
    }

    public ConfigChange {
        changes = List.copyOf(changes);
    }

    /** Compares values, not where they came from. Both must be of the same reader. */
    public static ConfigChange between(ReadConfig<?> before, ReadConfig<?> after) {
        List<Change> changes = new ArrayList<>();
        for (int i = 0; i < after.settings().size(); i++) {
            Setting old = before.settings().get(i);
            Setting young = after.settings().get(i);
            if (!Objects.equals(old.value(), young.value())) {
                changes.add(new Change(old, young));
            }
        }
        return new ConfigChange(changes);
    }

    /** The changes that are felt at once. */
    public List<Change> live() {
        return with(Reload.LIVE);
    }

    /** The changes that are felt after a restart. */
    public List<Change> restart() {
        return with(Reload.RESTART);
    }

    private List<Change> with(Reload reload) {
        return changes.stream().filter(change -> change.key().reload() == reload).toList();
    }
}
