package dev.penstock.repository;

import dev.penstock.inference.VersionId;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One look at a store.
 *
 * @param models by name
 */
public record StoreScan(Map<String, StoredModel> models) {
    public static final StoreScan EMPTY = new StoreScan(Map.of());

    public StoreScan {
        models = Map.copyOf(models);
    }

    /** The version of that name, or null. */
    public @Nullable StoredVersion find(VersionId id) {
        StoredModel model = models.get(id.model());
        return model == null ? null : model.versions().get(id.number());
    }

    /** Whether the look says that the version is gone, and not only that it could not see. */
    public boolean lacks(VersionId id) {
        StoredModel model = models.get(id.model());
        return model == null || (model.isReadable() && !model.versions().containsKey(id.number()));
    }
}
