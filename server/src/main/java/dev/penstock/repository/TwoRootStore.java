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
 *
 * <p>What a model's folder in the watched one said holds on when that folder is gone or cannot be
 * read, for as long as the process lives: without it the uploaded versions would look like all
 * there is, under a policy that nobody chose for them.
 */
public final class TwoRootStore implements ModelStore {
    private final ModelStore watched;
    private final ModelStore own;
    // Of the one thread that looks. By name, as last read.
    private final Map<String, Said> said = new HashMap<>();

    /** What the watched side of a model says of all its versions. */
    private record Said(@Nullable VersionPolicy policy, @Nullable ModelConfig config) {}

    /** Both are closed by this. */
    public TwoRootStore(ModelStore watched, ModelStore own) {
        this.watched = watched;
        this.own = own;
    }

    @Override
    public StoreScan scan() throws IOException {
        StoreScan first = watched.scan();
        StoreScan second = own.scan();
        first.models()
                .forEach((name, model) -> {
                    if (model.isReadable()) {
                        said.put(name, new Said(model.policy(), config(model)));
                    }
                });
        Map<String, StoredModel> all = new HashMap<>(first.models());
        second.models().forEach((name, model) -> all.put(name, merged(all.get(name), model)));
        return new StoreScan(all);
    }

    private StoredModel merged(@Nullable StoredModel watched, StoredModel own) {
        Said last = said.get(own.name());
        boolean isAlone =
                watched == null || (!watched.isReadable() && watched.versions().isEmpty());
        if (last != null && isAlone) {
            return alone(own, last, watched == null && own.isReadable());
        }
        return watched == null ? own : both(watched, own);
    }

    /** The uploaded versions of a model whose folder in the watched store is not to be seen. */
    private static StoredModel alone(StoredModel own, Said last, boolean isReadable) {
        NavigableMap<Long, StoredVersion> versions = new TreeMap<>(own.versions());
        versions.replaceAll((number, version) -> with(last.config(), version));
        return new StoredModel(own.name(), last.policy(), isReadable, true, versions);
    }

    private static StoredModel both(StoredModel watched, StoredModel own) {
        NavigableMap<Long, StoredVersion> versions = new TreeMap<>(watched.versions());
        ModelConfig config = config(watched);
        own.versions()
                .forEach((number, version) -> {
                    StoredVersion other = versions.get(number);
                    versions.put(number, other == null ? with(config, version) : twice(version));
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

    private static StoredVersion twice(StoredVersion version) {
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
