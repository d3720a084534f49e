package dev.penstock.repository;

import static dev.penstock.runtime.Check.require;

import dev.penstock.inference.VersionId;
import dev.penstock.repository.FolderReader.Entry;
import dev.penstock.repository.FolderReader.Kind;
import dev.penstock.repository.PublishRule.Sight;
import dev.penstock.runtime.Ticker;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A store in a folder: {@code NAME/VERSION/model.onnx}, or {@code NAME/model.onnx} for a model of
 * one version, or one {@code model.onnx} in the root itself.
 *
 * <p>No link is followed but the root, and nothing is opened whose kind and size were not seen
 * before. What does not fit is ignored, with one line in the log when that begins.
 */
public final class DirectoryModelStore implements ModelStore {
    private static final Logger LOG = LoggerFactory.getLogger(DirectoryModelStore.class);
    private static final int MAX_IGNORED = 1_000;
    private static final int DOT_DEPTH = 3;
    private static final int NANOS_PER_SECOND = 1_000_000_000;

    private final Path root;
    private final String rootModel;
    private final InstantSource clock;
    private final Ticker ticker;
    private final PublishRule rule;
    private final FolderReader reader;

    // What earlier looks saw, by place. Only what the last look saw is kept.
    private Map<Path, VersionTrack> versionTracks = new HashMap<>();
    private Map<Path, ConfigTrack> configTracks = new HashMap<>();
    private Map<FolderKey, FolderLook> dotFolders = new HashMap<>();
    private Map<Path, BareFiles> bareFiles = new HashMap<>();
    private Map<String, String> ignored = new HashMap<>();
    private @Nullable StoreWatch watch;

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
    private record ConfigTrack(
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
     * @param root may be a symbolic link
     * @param rootModel the name of a model that lies in the root itself
     */
    public DirectoryModelStore(Path root, String rootModel, InstantSource clock, Ticker ticker) {
        this(root, rootModel, clock, ticker, PublishRule.DEFAULT, new FolderReader(true));
    }

    DirectoryModelStore(
            Path root,
            String rootModel,
            InstantSource clock,
            Ticker ticker,
            PublishRule rule,
            FolderReader reader) {
        this.root = root;
        this.rootModel = rootModel;
        this.clock = clock;
        this.ticker = ticker;
        this.rule = rule;
        this.reader = reader;
    }

    /**
     * The name of a model that lies in the root itself: what the command line says, else the
     * environment, else the root's own name.
     *
     * @throws IllegalArgumentException when the command line's is no model's name
     */
    public static String rootModelName(
            @Nullable String option, @Nullable String environment, Path root) {
        if (option != null && !option.isEmpty()) {
            require(
                    VersionId.isModelName(option),
                    "model-name is '%s', must match [A-Za-z0-9][A-Za-z0-9._-]{0,127}",
                    option);
            return option;
        }
        if (environment != null && !environment.isEmpty()) {
            return environment;
        }
        return String.valueOf(root.toAbsolutePath().normalize().getFileName());
    }

    @Override
    public StoreScan scan() throws IOException {
        if (!Files.isDirectory(root)) {
            if (Files.notExists(root)) {
                return new Look().finish();
            }
            throw new IOException("the store is not a folder that can be read");
        }
        Look look = new Look();
        look.root();
        return look.finish();
    }

    @Override
    public void watch(Runnable changed) {
        try {
            watch = new StoreWatch(root, changed);
        } catch (IOException e) {
            LOG.atWarn()
                    .addKeyValue("cause", e.getClass().getSimpleName())
                    .log("cannot watch the store, so changes are polled for");
        }
    }

    @Override
    public void close() {
        if (watch != null) {
            watch.close();
        }
    }

    /** One look: what it finds replaces what the look before found. */
    private final class Look {
        private final Map<String, StoredModel> models = new HashMap<>();
        private final Map<Path, VersionTrack> versionTracksNow = new HashMap<>();
        private final Map<Path, ConfigTrack> configTracksNow = new HashMap<>();
        private final Map<FolderKey, FolderLook> dotFoldersNow = new HashMap<>();
        private final Map<Path, BareFiles> bareFilesNow = new HashMap<>();
        private final Map<String, String> ignoredNow = new HashMap<>();
        private final Set<Path> folders = new HashSet<>();
        private final long clockNanos = nanosSince1970(clock.instant());
        private final long tickerNanos = ticker.nanos();

        void root() throws IOException {
            folders.add(root);
            List<Path> entries = reader.entries(root);
            checkCount(entries, "");
            List<String> files = new ArrayList<>();
            for (Path path : entries) {
                // One entry that cannot be looked at must not hide the others.
                try {
                    inRoot(path, files);
                } catch (IOException | InvalidPathException e) {
                    lost(path, e);
                }
            }
            if (files.contains(ModelConfig.DEFAULT_MODEL_FILENAME)) {
                rootModel();
            } else {
                files.forEach(name -> ignore(name, "not a folder"));
            }
        }

        private void inRoot(Path path, List<String> files) throws IOException {
            String name = FolderReader.name(path);
            Entry entry = reader.entry(path, name);
            if (entry == null) {
                return;
            }
            if (name.startsWith(".")) {
                noteDotFolder(path, entry, 1);
            } else if (entry.kind() == Kind.FILE
                    || name.equals(ModelConfig.DEFAULT_MODEL_FILENAME)) {
                files.add(name);
            } else if (entry.kind() == Kind.FOLDER && VersionId.isModelName(name)) {
                model(name, path);
            } else {
                ignore(name, whyNotAModel(entry.kind()));
            }
        }

        private void lost(Path path, Exception e) {
            String name = FolderReader.name(path);
            if (VersionId.isModelName(name)) {
                unreadable(name, path, e);
            } else {
                ignore(name, "cannot be read: " + e.getClass().getSimpleName());
            }
        }

        private void checkCount(List<Path> entries, String where) {
            if (entries.size() >= FolderReader.MAX_ENTRIES) {
                ignore(
                        where + "...",
                        "only " + FolderReader.MAX_ENTRIES + " entries are looked at");
            }
        }

        private static String whyNotAModel(Kind kind) {
            return switch (kind) {
                case FOLDER -> "not a model's name";
                case FILE -> "not a folder";
                case LINK -> "a symbolic link, which is not followed";
                case SPECIAL -> "a device, pipe or socket";
            };
        }

        // What a folder is called before it is renamed into place tells that it came whole.
        private void noteDotFolder(Path path, Entry entry, int depth) {
            if (entry.kind() != Kind.FOLDER
                    || depth > DOT_DEPTH
                    || dotFoldersNow.size() >= FolderReader.MAX_ENTRIES) {
                return;
            }
            try {
                dotFoldersNow.put(entry.key(), reader.look(path, (name, kind) -> true));
                for (Path each : reader.entries(path)) {
                    Entry inside = reader.entry(each, FolderReader.name(each));
                    if (inside != null) {
                        noteDotFolder(each, inside, depth + 1);
                    }
                }
            } catch (IOException e) {
                // It may be half there, or nobody's business: it tells nothing.
                return;
            }
        }

        private void rootModel() {
            if (!VersionId.isModelName(rootModel)) {
                ignore(
                        ModelConfig.DEFAULT_MODEL_FILENAME,
                        "its name would be "
                                + OutsideText.printable(rootModel)
                                + ", which is no model's name; --model-name gives it one");
                return;
            }
            if (models.containsKey(rootModel)) {
                ignore(
                        ModelConfig.DEFAULT_MODEL_FILENAME,
                        "a folder already gives the model " + rootModel);
                return;
            }
            single(rootModel, root);
        }

        private void model(String name, Path folder) {
            folders.add(folder);
            List<String> numbers = new ArrayList<>();
            List<String> files = new ArrayList<>();
            try {
                List<Path> entries = reader.entries(folder);
                checkCount(entries, name + "/");
                for (Path path : entries) {
                    inModel(name, path, numbers, files);
                }
            } catch (NoSuchFileException e) {
                return;
            } catch (IOException e) {
                unreadable(name, folder, e);
                return;
            }
            if (numbers.isEmpty()) {
                single(name, folder);
            } else {
                for (String inside : files) {
                    ignore(name + "/" + inside, "the model has folders of versions");
                }
                versions(name, folder, numbers);
            }
        }

        private void inModel(String model, Path path, List<String> numbers, List<String> files)
                throws IOException {
            String name = FolderReader.name(path);
            Entry entry = reader.entry(path, name);
            if (entry == null) {
                return;
            }
            if (name.startsWith(".")) {
                noteDotFolder(path, entry, 2);
            } else if (VersionId.parseNumber(name) > 0 && entry.kind() == Kind.FOLDER) {
                numbers.add(name);
            } else if (entry.kind() == Kind.FILE) {
                if (!name.equals(ModelConfig.NAME)) {
                    files.add(name);
                }
            } else {
                ignore(
                        model + "/" + name,
                        entry.kind() == Kind.FOLDER
                                ? "not a version's number"
                                : whyNotAModel(entry.kind()));
            }
        }

        private void unreadable(String name, Path folder, Exception e) {
            ignore(name, "cannot be read: " + e.getClass().getSimpleName());
            models.put(name, StoredModel.unreadable(name));
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

        private void versions(String name, Path folder, List<String> numbers) {
            ConfigTrack config = config(name, folder);
            NavigableMap<Long, StoredVersion> versions = new TreeMap<>();
            for (String number : numbers) {
                VersionId id = new VersionId(name, VersionId.parseNumber(number));
                StoredVersion version =
                        version(id, folder.resolve(number), (inside, kind) -> true, true, config);
                if (version != null) {
                    versions.put(id.number(), version);
                }
            }
            models.put(name, stored(name, config, versions));
        }

        private static StoredModel stored(
                String name, ConfigTrack config, NavigableMap<Long, StoredVersion> versions) {
            return new StoredModel(name, config.config().policy(), config.isKnown(), versions);
        }

        /** A model of one version, whose files lie in the model's folder or the root itself. */
        private void single(String name, Path folder) {
            ConfigTrack config = config(name, folder);
            String modelFilename = config.config().modelFilename();
            FolderReader.Filter filter = bareFilter(folder, modelFilename);
            StoredVersion version = version(new VersionId(name, 1), folder, filter, false, config);
            NavigableMap<Long, StoredVersion> versions = new TreeMap<>();
            // A folder without a model in it is one that holds no version yet.
            if (version != null && isThere(folder.resolve(modelFilename))) {
                versions.put(1L, version);
            } else if (version != null && config.isWhole()) {
                reportOtherModels(name, folder, modelFilename);
            }
            models.put(name, stored(name, config, versions));
        }

        /**
         * What of a folder with other things in it is the model's. A manifest speaks for the whole
         * folder; without one, the model says what belongs to it.
         */
        private FolderReader.Filter bareFilter(Path folder, String modelFilename) {
            if (isThere(folder.resolve(Manifest.NAME))) {
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

        private boolean isThere(Path path) {
            try {
                return reader.entry(path, "") != null;
            } catch (IOException e) {
                return true;
            }
        }

        private void reportOtherModels(String name, Path folder, String modelFilename) {
            List<String> others;
            try {
                others =
                        reader.entries(folder).stream()
                                .map(FolderReader::name)
                                .filter(DirectoryModelStore::isModel)
                                .toList();
            } catch (IOException e) {
                return;
            }
            if (!others.isEmpty()) {
                ignore(name, otherModels(others, modelFilename) + "; " + renameIt(modelFilename));
            }
        }

        private @Nullable StoredVersion version(
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
            return new Judgement(id, look, sight, config)
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
                byte[] text = readSmall(folder.resolve(Manifest.NAME), stamp, Manifest.MAX_BYTES);
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

        private ConfigTrack config(String name, Path folder) {
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
            if (before != null) {
                return look.isUntouchedSinceRename() || before.files().containsAll(look.files());
            }
            return watch != null
                    && watch.cameFromDotName(folder)
                    && look.isUntouchedSinceRename(clockNanos);
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
                        readSmall(folder.resolve(ModelConfig.NAME), stamp, ModelConfig.MAX_BYTES);
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

        private void ignore(String path, String why) {
            if (ignoredNow.size() < MAX_IGNORED) {
                ignoredNow.put(OutsideText.printable(path), why);
            }
        }

        StoreScan finish() {
            ignoredNow.forEach((path, why) -> {
                if (!why.equals(ignored.get(path))) {
                    LOG.atInfo()
                            .addKeyValue("path", path)
                            .addKeyValue("why", why)
                            .log("ignored {}: {}", path, why);
                }
            });
            versionTracks = versionTracksNow;
            configTracks = configTracksNow;
            dotFolders = dotFoldersNow;
            bareFiles = bareFilesNow;
            ignored = ignoredNow;
            if (watch != null) {
                watch.follow(folders);
            }
            return new StoreScan(models);
        }
    }

    /** What a look says about one version. */
    private final class Judgement {
        private final VersionId id;
        private final FolderLook look;
        private final Sight sight;
        private final ConfigTrack config;
        private final Fingerprint fingerprint;

        Judgement(VersionId id, FolderLook look, Sight sight, ConfigTrack config) {
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
            if (!config.isWhole()) {
                return waiting("config.pbtxt changes, or is younger than the settling time");
            }
            if (config.fault() != null) {
                return refused(
                        LoadStep.CONFIG,
                        "config.pbtxt: " + config.fault(),
                        "correct " + id.model() + "/config.pbtxt");
            }
            if (model == null) {
                return noModel(filename);
            }
            if (mismatch != null) {
                String why = "manifest.json " + mismatch;
                return refusedIfSettled(why, "copy the version again, manifest.json last");
            }
            if (model.sizeBytes() == 0) {
                return refusedIfSettled(filename + " is empty", "copy the version again");
            }
            if (model.sizeBytes() > Integer.MAX_VALUE) {
                return refused(
                        LoadStep.FETCH,
                        filename + " is larger than 2 GiB",
                        "keep the weights in external data files beside it");
            }
            if (!sight.isPublished()) {
                FileStamp newest = look.newestFile();
                return waiting(
                        "its files change, or are younger than the settling time"
                                + (newest == null
                                        ? ""
                                        : ": "
                                                + OutsideText.printable(newest.path())
                                                + " was touched last"));
            }
            VersionFiles files = new VersionFiles(reader, folder, filter, look, model, manifest);
            return new StoredVersion.Published(id, fingerprint, files, config.config());
        }

        private StoredVersion noModel(String filename) {
            List<String> others =
                    look.files().stream()
                            .map(FileStamp::path)
                            .filter(DirectoryModelStore::isModel)
                            .toList();
            return others.isEmpty()
                    ? refusedIfSettled("it holds no " + filename, "put " + filename + " there")
                    : refusedIfSettled(otherModels(others, filename), renameIt(filename));
        }

        /** Waiting for more, until nothing has changed for so long that no more will come. */
        private StoredVersion refusedIfSettled(String why, String remedy) {
            return sight.isPublished() || rule.isSettled(sight, ticker.nanos())
                    ? refused(LoadStep.FETCH, why, remedy)
                    : waiting(why);
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

    private static boolean isModel(String filename) {
        return filename.endsWith(".onnx") && !filename.startsWith(".");
    }

    private static String otherModels(List<String> others, String filename) {
        return "it holds "
                + OutsideText.printable(String.join(", ", others))
                + " but no "
                + filename;
    }

    private static String renameIt(String filename) {
        return "rename it to " + filename + ", or set default_model_filename in config.pbtxt";
    }

    /** Reads a file whole, as the look saw it. */
    private byte[] readSmall(Path file, FileStamp seen, int maxBytes) throws IOException {
        if (seen.sizeBytes() > maxBytes) {
            throw new IllegalArgumentException("it is larger than " + maxBytes + " bytes");
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) seen.sizeBytes());
        try (SeekableByteChannel channel = VersionFiles.openNoFollow(file)) {
            while (bytes.hasRemaining() && channel.read(bytes) >= 0) {
                // Until it is full, or the file ends early.
            }
            Entry now = reader.entry(file, seen.path());
            if (bytes.hasRemaining()
                    || channel.size() != seen.sizeBytes()
                    || now == null
                    || !now.stamp().equals(seen)) {
                throw new IllegalArgumentException("it changed while it was read");
            }
        }
        return bytes.array();
    }

    private static long nanosSince1970(Instant instant) {
        return Math.addExact(
                Math.multiplyExact(instant.getEpochSecond(), (long) NANOS_PER_SECOND),
                instant.getNano());
    }
}
