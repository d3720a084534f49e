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
import java.util.Set;
import java.util.function.Predicate;
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
    private final Predicate<Path> cameFromDotName;

    // By place.
    private Map<Path, VersionTrack> versionTracks = new HashMap<>();
    private Map<Path, ConfigTrack> configTracks = new HashMap<>();
    private Map<FolderKey, FolderLook> dotFolders = new HashMap<>();
    private Map<Path, BareFiles> bareFiles = new HashMap<>();

    /** What looks at one version add up to; the manifest was read from the state in the sight. */
    private record VersionTrack(Sight sight, @Nullable ManifestText manifest) {}

    /** A manifest as read, with the stamp that it was read at. */
    private record ManifestText(
            FileStamp stamp, @Nullable Manifest manifest, @Nullable String fault) {}

    /**
     * What looks at one configuration add up to.
     *
     * @param config the last that was whole
     * @param isKnown whether there was one
     * @param fault what is wrong with the one that is there now
     * @param readStamps at which config and fault were read
     */
    record ConfigTrack(
            Sight sight,
            ModelConfig config,
            boolean isKnown,
            @Nullable String fault,
            String readStamps) {
        static ConfigTrack good(Sight sight, ModelConfig config) {
            return new ConfigTrack(sight, config, true, null, sight.stamps());
        }

        static ConfigTrack unread(Sight sight) {
            return new ConfigTrack(sight, ModelConfig.DEFAULT, false, null, "unread");
        }

        /** Nothing new was read. */
        static ConfigTrack still(Sight sight, ConfigTrack before) {
            return new ConfigTrack(
                    sight, before.config, before.isKnown, before.fault, before.readStamps);
        }

        /** What is there now is not whole: the last that was holds on. */
        static ConfigTrack bad(Sight sight, String fault, @Nullable ConfigTrack before) {
            return before == null
                    ? new ConfigTrack(sight, ModelConfig.DEFAULT, false, fault, sight.stamps())
                    : new ConfigTrack(sight, before.config, before.isKnown, fault, sight.stamps());
        }

        boolean isWhole() {
            return sight.isPublished() && readStamps.equals(sight.stamps());
        }
    }

    /**
     * @param cameFromDotName whether a folder is known to have been renamed into place, also when
     *     no look fell on it before
     */
    PublishTracker(PublishRule rule, FolderReader reader, Predicate<Path> cameFromDotName) {
        this.rule = rule;
        this.reader = reader;
        this.cameFromDotName = cameFromDotName;
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
        private final Map<Path, BareFiles> bareFilesNow = new HashMap<>();
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
            keep(bareFiles, bareFilesNow, folder);
        }

        private static <T> void keep(Map<Path, T> from, Map<Path, T> to, Path folder) {
            from.forEach((path, track) -> {
                if (path.startsWith(folder)) {
                    to.put(path, track);
                }
            });
        }

        /**
         * What of a folder with other things in it is the model's. A manifest speaks for the whole
         * folder; without one, the model says what belongs to it.
         */
        FolderReader.Filter bareFilter(Path folder, String modelFilename) {
            if (reader.isThere(folder.resolve(Manifest.NAME))) {
                return (inside, kind) ->
                        inside.equals(modelFilename)
                                || (kind == Kind.FILE && !inside.equals(ModelConfig.NAME));
            }
            Set<String> weights = weights(folder, modelFilename);
            return (inside, kind) -> inside.equals(modelFilename) || weights.contains(inside);
        }

        private Set<String> weights(Path folder, String modelFilename) {
            Path file = folder.resolve(modelFilename);
            try {
                Entry entry = reader.entry(file, modelFilename);
                if (entry == null || entry.kind() != Kind.FILE) {
                    return Set.of();
                }
                BareFiles known = bareFiles.get(folder);
                BareFiles now =
                        known != null && known.model().equals(entry.stamp())
                                ? known
                                : BareFiles.read(file, entry.stamp());
                bareFilesNow.put(folder, now);
                return now.names();
            } catch (IOException e) {
                // The look that follows fails the same way, and says so.
                return Set.of();
            }
        }

        /**
         * What this look and those before say of a version.
         *
         * @param filter which of the folder's entries are the version's
         * @param isWholeFolder whether those are all that may lie there
         * @return null when its folder is gone
         */
        @Nullable StoredVersion version(
                VersionId id,
                Path folder,
                FolderReader.Filter filter,
                boolean isWholeFolder,
                ConfigTrack config) {
            FolderLook look;
            try {
                FolderLook all = reader.look(folder, filter);
                look = isWholeFolder ? all : all.ofSharedFolder();
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
                            wasRenamedIn(folder, look),
                            clockNanos,
                            tickerNanos);
            versionTracksNow.put(folder, new VersionTrack(sight, manifest));
            return new Judgement(rule, tickerNanos, id, look, sight, config)
                    .version(
                            reader,
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
        private boolean wasRenamedIn(Path folder, FolderLook look) {
            FolderLook before = dotFolders.get(look.key());
            return before == null
                    ? cameFromDotName.test(folder) && look.isUntouchedSinceRename(clockNanos)
                    : look.isUntouchedSinceRename() || before.files().containsAll(look.files());
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
                return ConfigTrack.still(sight, before);
            }
            if (!sight.isPublished()) {
                return ConfigTrack.unread(sight);
            }
            if (problem != null) {
                return ConfigTrack.bad(sight, problem, before);
            }
            if (stamp == null) {
                return ConfigTrack.good(sight, ModelConfig.DEFAULT);
            }
            try {
                byte[] bytes =
                        reader.read(folder.resolve(ModelConfig.NAME), stamp, ModelConfig.MAX_BYTES);
                ModelConfig config =
                        ModelConfig.read(new String(bytes, StandardCharsets.UTF_8), name);
                logRead(name, config, before != null && hasPublished(folder));
                return ConfigTrack.good(sight, config);
            } catch (IllegalArgumentException e) {
                return ConfigTrack.bad(sight, String.valueOf(e.getMessage()), before);
            } catch (IOException e) {
                return ConfigTrack.bad(
                        sight, "it cannot be read: " + e.getClass().getSimpleName(), before);
            }
        }

        // A configuration that nothing was loaded under is no news when it changes.
        private boolean hasPublished(Path folder) {
            return versionTracks.entrySet().stream()
                    .anyMatch(track ->
                            track.getKey().startsWith(folder)
                                    && track.getValue().sight().isPublished());
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
            bareFiles = bareFilesNow;
        }
    }
}
