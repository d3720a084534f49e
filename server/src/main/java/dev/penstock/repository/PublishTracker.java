package dev.penstock.repository;

import dev.penstock.inference.VersionId;
import dev.penstock.repository.FolderReader.Entry;
import dev.penstock.repository.FolderReader.Kind;
import dev.penstock.repository.PublishRule.Sight;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What looks at a folder store add up to: for each version and each configuration, whether all of
 * it is there yet, and what is wrong with it.
 *
 * <p>{@link DirectoryModelStore} finds the folders of a look; this one reads what lies in them,
 * compares it with what the look before saw, and lets {@link PublishRule} decide. Only what the
 * last look saw is kept. On the reconciler's thread.
 */
final class PublishTracker {
    // The store speaks with one voice, however many classes it is made of.
    private static final Logger LOG = LoggerFactory.getLogger(DirectoryModelStore.class);

    private final PublishRule rule;
    private final FolderReader reader;

    // By place.
    private Map<Path, VersionTrack> versionTracks = new HashMap<>();
    private Map<Path, ConfigTrack> configTracks = new HashMap<>();
    private Map<FolderKey, FolderLook> dotFolders = new HashMap<>();

    /** What looks at one version add up to; the manifest was read from the state in the sight. */
    private record VersionTrack(Sight sight, @Nullable ManifestText manifest) {}

    /** A manifest as read, with the stamp that it was read at. */
    private record ManifestText(
            FileStamp stamp, @Nullable Manifest manifest, @Nullable String fault) {}

    /**
     * What looks at one configuration add up to.
     *
     * @param config the last that was whole
     * @param fault what is wrong with the one that is there now
     * @param readStamps at which config and fault were read
     */
    record ConfigTrack(Sight sight, ModelConfig config, @Nullable String fault, String readStamps) {
        boolean isWhole() {
            return sight.isPublished() && readStamps.equals(sight.stamps());
        }
    }

    PublishTracker(PublishRule rule, FolderReader reader) {
        this.rule = rule;
        this.reader = reader;
    }

    /**
     * Begins a look.
     *
     * @param clockNanos time of day, since 1970, to compare with times of files
     * @param tickerNanos monotonic time
     */
    Look begin(long clockNanos, long tickerNanos) {
        return new Look(clockNanos, tickerNanos);
    }

    /** One look: what it finds replaces, at its end, what the look before found. */
    final class Look {
        private final Map<Path, VersionTrack> versionTracksNow = new HashMap<>();
        private final Map<Path, ConfigTrack> configTracksNow = new HashMap<>();
        private final Map<FolderKey, FolderLook> dotFoldersNow = new HashMap<>();
        private final long clockNanos;
        private final long tickerNanos;

        private Look(long clockNanos, long tickerNanos) {
            this.clockNanos = clockNanos;
            this.tickerNanos = tickerNanos;
        }

        /**
         * Remembers a folder under a dot name: what a folder is called before it is renamed into
         * place tells that it came whole.
         *
         * @return whether there is room for more
         * @throws IOException when it cannot be read
         */
        boolean sawDotFolder(Path path, Entry entry) throws IOException {
            if (dotFoldersNow.size() >= FolderReader.MAX_ENTRIES) {
                return false;
            }
            dotFoldersNow.put(entry.key(), reader.look(path, (name, kind) -> true));
            return true;
        }

        /** Keeps what is known of a folder that could not be read this time. */
        void keep(Path folder) {
            keep(versionTracks, versionTracksNow, folder);
            keep(configTracks, configTracksNow, folder);
        }

        private static <T> void keep(Map<Path, T> from, Map<Path, T> to, Path folder) {
            from.forEach((path, track) -> {
                if (path.startsWith(folder)) {
                    to.put(path, track);
                }
            });
        }

        /**
         * What this look and those before say of a version.
         *
         * @param filter which of the folder's entries are the version's
         * @return null when its folder is gone
         */
        @Nullable StoredVersion version(
                VersionId id, Path folder, FolderReader.Filter filter, ConfigTrack config) {
            FolderLook look;
            try {
                look = reader.look(folder, filter);
            } catch (NoSuchFileException e) {
                return null;
            } catch (IOException e) {
                return new StoredVersion.Refused(
                        id,
                        new Fingerprint("unreadable", config.sight().stamps()),
                        LoadStep.FETCH,
                        "its files cannot be read: " + e.getClass().getSimpleName(),
                        "make them readable for the server's user");
            }
            VersionTrack before = versionTracks.get(folder);
            ManifestText manifest = manifest(folder, look, before);
            String mismatch = mismatch(manifest, look);
            PublishRule.Manifest said =
                    manifest == null
                            ? PublishRule.Manifest.ABSENT
                            : mismatch == null
                                    ? PublishRule.Manifest.MATCHES
                                    : PublishRule.Manifest.DIFFERS;
            Sight sight =
                    rule.look(
                            before == null ? null : before.sight(),
                            look,
                            said,
                            wasRenamedIn(look),
                            clockNanos,
                            tickerNanos);
            versionTracksNow.put(folder, new VersionTrack(sight, manifest));
            return new Judgement(id, look, sight, config, tickerNanos)
                    .version(
                            folder,
                            filter,
                            manifest == null ? null : manifest.manifest(),
                            mismatch);
        }

        private @Nullable ManifestText manifest(
                Path folder, FolderLook look, @Nullable VersionTrack before) {
            FileStamp stamp = look.file(Manifest.NAME);
            if (stamp == null) {
                return null;
            }
            ManifestText known = before == null ? null : before.manifest();
            if (known != null && known.stamp().equals(stamp)) {
                return known;
            }
            try {
                byte[] text = reader.read(folder.resolve(Manifest.NAME), stamp, Manifest.MAX_BYTES);
                return new ManifestText(stamp, Manifest.read(text), null);
            } catch (IllegalArgumentException e) {
                return new ManifestText(stamp, null, String.valueOf(e.getMessage()));
            } catch (IOException e) {
                return new ManifestText(
                        stamp, null, "cannot be read: " + e.getClass().getSimpleName());
            }
        }

        private static @Nullable String mismatch(@Nullable ManifestText manifest, FolderLook look) {
            if (manifest == null) {
                return null;
            }
            Manifest read = manifest.manifest();
            return read == null ? String.valueOf(manifest.fault()) : read.mismatch(look);
        }

        /** What this look and those before say of a model's configuration. */
        ConfigTrack config(String name, Path folder) {
            ConfigTrack before = configTracks.get(folder);
            FileStamp stamp = null;
            String problem = null;
            try {
                Entry entry = reader.entry(folder.resolve(ModelConfig.NAME), ModelConfig.NAME);
                if (entry != null && entry.kind() != Kind.FILE) {
                    problem = "it is not a regular file";
                }
                stamp = entry == null ? null : entry.stamp();
            } catch (IOException e) {
                problem = "it cannot be read: " + e.getClass().getSimpleName();
            }
            // Nothing of the folder itself is in this look: a configuration that was never there
            // is whole at once, one that goes or comes later has to settle like any change.
            FolderLook look =
                    new FolderLook(
                            new FolderKey(0, 0, 0),
                            0,
                            0,
                            stamp == null ? List.of() : List.of(stamp),
                            problem);
            Sight sight =
                    rule.look(
                            before == null ? null : before.sight(),
                            look,
                            PublishRule.Manifest.ABSENT,
                            cameWithItsFolder(folder, stamp),
                            clockNanos,
                            tickerNanos);
            ConfigTrack now = read(name, folder, stamp, problem, sight, before);
            configTracksNow.put(folder, now);
            return now;
        }

        // That the folder was seen under a dot name is not enough: its files may have been touched
        // between the rename and this look.
        private boolean wasRenamedIn(FolderLook look) {
            FolderLook before = dotFolders.get(look.key());
            return before != null
                    && (look.isUntouchedSinceRename() || before.files().containsAll(look.files()));
        }

        private boolean cameWithItsFolder(Path folder, @Nullable FileStamp config) {
            try {
                Entry entry = reader.entry(folder, "");
                FolderLook before = entry == null ? null : dotFolders.get(entry.key());
                return before != null && (config == null || before.files().contains(config));
            } catch (IOException e) {
                return false;
            }
        }

        private ConfigTrack read(
                String name,
                Path folder,
                @Nullable FileStamp stamp,
                @Nullable String problem,
                Sight sight,
                @Nullable ConfigTrack before) {
            if (before != null
                    && (!sight.isPublished() || before.readStamps().equals(sight.stamps()))) {
                return new ConfigTrack(sight, before.config(), before.fault(), before.readStamps());
            }
            if (!sight.isPublished()) {
                return new ConfigTrack(sight, ModelConfig.DEFAULT, null, "unread");
            }
            if (problem != null) {
                return new ConfigTrack(sight, lastGood(before), problem, sight.stamps());
            }
            if (stamp == null) {
                return new ConfigTrack(sight, ModelConfig.DEFAULT, null, sight.stamps());
            }
            try {
                byte[] bytes =
                        reader.read(folder.resolve(ModelConfig.NAME), stamp, ModelConfig.MAX_BYTES);
                ModelConfig config =
                        ModelConfig.read(new String(bytes, StandardCharsets.UTF_8), name);
                logRead(name, config, before != null);
                return new ConfigTrack(sight, config, null, sight.stamps());
            } catch (IllegalArgumentException e) {
                return new ConfigTrack(
                        sight, lastGood(before), String.valueOf(e.getMessage()), sight.stamps());
            } catch (IOException e) {
                return new ConfigTrack(
                        sight,
                        lastGood(before),
                        "it cannot be read: " + e.getClass().getSimpleName(),
                        sight.stamps());
            }
        }

        private static ModelConfig lastGood(@Nullable ConfigTrack before) {
            return before == null ? ModelConfig.DEFAULT : before.config();
        }

        private static void logRead(String name, ModelConfig config, boolean isChange) {
            if (isChange) {
                LOG.atInfo()
                        .addKeyValue("model", name)
                        .log("config.pbtxt changed: it holds for versions loaded from now on");
            }
            if (!config.ignoredFields().isEmpty()) {
                String fields = OutsideText.printable(String.join(", ", config.ignoredFields()));
                LOG.atWarn()
                        .addKeyValue("model", name)
                        .log("config.pbtxt sets fields that have no effect here: {}", fields);
            }
        }

        /** The next look compares with this one. */
        void finish() {
            versionTracks = versionTracksNow;
            configTracks = configTracksNow;
            dotFolders = dotFoldersNow;
        }
    }

    /** What a look says about one version. */
    private final class Judgement {
        private final long tickerNanos;
        private final VersionId id;
        private final FolderLook look;
        private final Sight sight;
        private final ConfigTrack config;
        private final Fingerprint fingerprint;

        Judgement(
                VersionId id, FolderLook look, Sight sight, ConfigTrack config, long tickerNanos) {
            this.tickerNanos = tickerNanos;
            this.id = id;
            this.look = look;
            this.sight = sight;
            this.config = config;
            this.fingerprint = new Fingerprint(look.stamps(), config.sight().stamps());
        }

        StoredVersion version(
                Path folder,
                FolderReader.Filter filter,
                @Nullable Manifest manifest,
                @Nullable String mismatch) {
            String filename = config.config().modelFilename();
            FileStamp model = model(filename);
            if (look.problem() != null) {
                return refused(LoadStep.FETCH, look.problem(), "publish it as plain files");
            }
            if (model == null) {
                return waiting(noModel(filename));
            }
            if (!config.isWhole()) {
                return waiting("config.pbtxt changes, or is younger than the settling time");
            }
            if (config.fault() != null) {
                return refused(
                        LoadStep.CONFIG,
                        "config.pbtxt: " + config.fault(),
                        "correct " + id.model() + "/config.pbtxt");
            }
            if (mismatch != null) {
                String why = "manifest.json " + mismatch;
                return rule.isSettled(sight, tickerNanos)
                        ? refused(LoadStep.FETCH, why, "copy the version again, manifest.json last")
                        : waiting(why);
            }
            if (model.sizeBytes() == 0) {
                return waiting(filename + " is empty");
            }
            if (model.sizeBytes() > Integer.MAX_VALUE) {
                return refused(
                        LoadStep.FETCH,
                        filename + " is larger than 2 GiB",
                        "keep the weights in external data files beside it");
            }
            if (!sight.isPublished()) {
                return waiting("its files change, or are younger than the settling time");
            }
            VersionFiles files = new VersionFiles(reader, folder, filter, look, model, manifest);
            return new StoredVersion.Published(id, fingerprint, files, config.config());
        }

        private @Nullable FileStamp model(String filename) {
            FileStamp plain = look.file(filename);
            return plain != null
                    ? plain
                    : look.file(filename + "/" + ModelConfig.DEFAULT_MODEL_FILENAME);
        }

        private StoredVersion waiting(String why) {
            return new StoredVersion.Waiting(id, fingerprint, why);
        }

        private StoredVersion refused(LoadStep step, String reason, String remedy) {
            return new StoredVersion.Refused(id, fingerprint, step, reason, remedy);
        }
    }

    /** Why a version waits whose folder holds no model. */
    static String noModel(String filename) {
        return "holds no " + filename;
    }
}
