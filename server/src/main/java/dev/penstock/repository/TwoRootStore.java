package dev.penstock.repository;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One store of two: the watched one, where others put versions, and the server's own, where it
 * keeps what was uploaded. A model may have versions in both; what its configuration says in the
 * watched one holds for all of them. A version that is in both is refused: nobody can say which is
 * meant.
 */
public final class TwoRootStore implements ModelStore {
    private final ModelStore watched;
    private final ModelStore own;

    /** Both are closed by this. */
    public TwoRootStore(ModelStore watched, ModelStore own) {
        this.watched = watched;
        this.own = own;
    }

    @Override
    public StoreScan scan() throws IOException {
        StoreScan first = watched.scan();
        StoreScan second = own.scan();
        Map<String, StoredModel> all = new HashMap<>(first.models());
        second.models().forEach((name, model) -> all.put(name, merged(all.get(name), model)));
        return new StoreScan(all);
    }

    private static StoredModel merged(@Nullable StoredModel watched, StoredModel own) {
        if (watched == null) {
            return own;
        }
        NavigableMap<Long, StoredVersion> versions = new TreeMap<>(watched.versions());
        ModelConfig config = config(watched);
        own.versions()
                .forEach((number, version) -> {
                    StoredVersion other = versions.get(number);
                    versions.put(number, other == null ? with(config, version) : both(version));
                });
        return new StoredModel(
                own.name(), watched.policy(), watched.isReadable() && own.isReadable(), versions);
    }

    private static @Nullable ModelConfig config(StoredModel model) {
        for (StoredVersion version : model.versions().values()) {
            if (version instanceof StoredVersion.Published published) {
                return published.config();
            }
        }
        return null;
    }

    private static StoredVersion with(@Nullable ModelConfig config, StoredVersion version) {
        return config != null && version instanceof StoredVersion.Published published
                ? published.with(config)
                : version;
    }

    private static StoredVersion both(StoredVersion version) {
        return new StoredVersion.Refused(
                version.id(),
                version.fingerprint(),
                LoadStep.FETCH,
                "it lies in the watched store and among the uploaded versions",
                "remove it from the watched store, or delete the uploaded one");
    }

    @Override
    public void watch(Runnable changed) {
        watched.watch(changed);
        own.watch(changed);
    }

    @Override
    public void close() {
        watched.close();
        own.close();
    }
}
