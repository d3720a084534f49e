package dev.penstock.lineage;

import dev.penstock.inference.VersionInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * The counter rows of all versions that answered, found by the object that a version is. Any
 * thread; once a row is there finding it makes no garbage.
 */
final class CounterRows {
    private final Map<VersionInfo, Map<String, CounterRow>> rows = new ConcurrentHashMap<>();
    private final Map<String, ModelState> models = new ConcurrentHashMap<>();
    private final Function<String, ModelState> newModel;

    CounterRows(Function<String, ModelState> newModel) {
        this.newModel = newModel;
    }

    CounterRow row(VersionInfo version, String arm) {
        Map<String, CounterRow> arms = rows.get(version);
        if (arms == null) {
            arms = rows.computeIfAbsent(version, v -> new ConcurrentHashMap<>(4));
        }
        CounterRow row = arms.get(arm);
        return row != null ? row : arms.computeIfAbsent(arm, a -> newRow(version, a));
    }

    private CounterRow newRow(VersionInfo version, String arm) {
        String model = version.id().model();
        ModelState state = models.computeIfAbsent(model, newModel);
        return new CounterRow(model, version.id().number(), arm, state);
    }

    /** All rows, in no order. */
    List<CounterRow> all() {
        List<CounterRow> all = new ArrayList<>();
        for (Map<String, CounterRow> arms : rows.values()) {
            all.addAll(arms.values());
        }
        return all;
    }

    /** All models that answered. */
    Iterable<ModelState> models() {
        return models.values();
    }

    /** Forgets a row that nothing was added to for long, and what nobody refers to any more. */
    void remove(CounterRow gone) {
        rows.values().forEach(arms -> arms.remove(gone.arm(), gone));
        rows.values().removeIf(Map::isEmpty);
        String model = gone.model();
        boolean isLast = all().stream().noneMatch(r -> r.model().equals(model));
        if (isLast && models.remove(model, gone.state())) {
            gone.state().meters().remove();
        }
    }
}
