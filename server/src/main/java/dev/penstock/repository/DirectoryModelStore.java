package dev.penstock.repository;

import static dev.penstock.runtime.Check.require;

import dev.penstock.inference.VersionId;
import dev.penstock.repository.FolderReader.Entry;
import dev.penstock.repository.FolderReader.Kind;
import dev.penstock.repository.PublishTracker.ConfigTrack;
import dev.penstock.runtime.Ticker;
import java.io.IOException;
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
    private final FolderReader reader;
    private final PublishTracker tracker;

    // By path, what the last look ignored, and why.
    private Map<String, String> ignored = new HashMap<>();
    private @Nullable StoreWatch watch;

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
        this.reader = reader;
        this.tracker = new PublishTracker(rule, reader, this::cameFromDotName);
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

    private boolean cameFromDotName(Path entry) {
        return watch != null && watch.cameFromDotName(entry);
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
        private final Map<String, String> ignoredNow = new HashMap<>();
        private final Set<Path> folders = new HashSet<>();
        private final PublishTracker.Look tracked =
                tracker.begin(nanosSince1970(clock.instant()), ticker.nanos());

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

        private void noteDotFolder(Path path, Entry entry, int depth) {
            if (entry.kind() != Kind.FOLDER || depth > DOT_DEPTH) {
                return;
            }
            try {
                if (!tracked.sawDotFolder(path, entry)) {
                    return;
                }
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
            tracked.keep(folder);
        }

        private void versions(String name, Path folder, List<String> numbers) {
            ConfigTrack config = tracked.config(name, folder);
            NavigableMap<Long, StoredVersion> versions = new TreeMap<>();
            for (String number : numbers) {
                VersionId id = new VersionId(name, VersionId.parseNumber(number));
                StoredVersion version =
                        tracked.version(
                                id, folder.resolve(number), (inside, kind) -> true, true, config);
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
            ConfigTrack config = tracked.config(name, folder);
            String modelFilename = config.config().modelFilename();
            FolderReader.Filter filter = tracked.bareFilter(folder, modelFilename);
            StoredVersion version =
                    tracked.version(new VersionId(name, 1), folder, filter, false, config);
            NavigableMap<Long, StoredVersion> versions = new TreeMap<>();
            // A folder without a model in it is one that holds no version yet.
            if (version != null && reader.isThere(folder.resolve(modelFilename))) {
                versions.put(1L, version);
            } else if (version != null && config.isWhole()) {
                reportOtherModels(name, folder, modelFilename);
            }
            models.put(name, stored(name, config, versions));
        }

        private void reportOtherModels(String name, Path folder, String modelFilename) {
            List<String> others;
            try {
                others =
                        reader.entries(folder).stream()
                                .map(FolderReader::name)
                                .filter(Judgement::isModel)
                                .toList();
            } catch (IOException e) {
                return;
            }
            if (!others.isEmpty()) {
                ignore(
                        name,
                        Judgement.otherModels(others, modelFilename)
                                + "; "
                                + Judgement.renameIt(modelFilename));
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
            tracked.finish();
            ignored = ignoredNow;
            if (watch != null) {
                watch.follow(folders);
            }
            return new StoreScan(models);
        }
    }

    private static long nanosSince1970(Instant instant) {
        return Math.addExact(
                Math.multiplyExact(instant.getEpochSecond(), (long) NANOS_PER_SECOND),
                instant.getNano());
    }
}
