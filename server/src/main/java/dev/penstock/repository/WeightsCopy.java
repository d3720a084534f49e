package dev.penstock.repository;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A copy of the files that a model keeps its weights in, for as long as it is opened.
 *
 * <p>ONNX Runtime does not read such files: it maps them into memory, and a session runs on the
 * mapping. A map follows the file, so what is written into the file later changes answers, and a
 * file that is made shorter ends the process. The runtime therefore gets a copy that nobody else
 * can reach, and whose names go as soon as the session is open: the mapping keeps the data, on disk
 * and in memory that the system can take back, until the session closes.
 */
final class WeightsCopy implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WeightsCopy.class);
    private static final String PREFIX = "weights-";
    // No load takes that long, so what is older was left behind by a process that was killed.
    private static final Duration LEFT_BEHIND = Duration.ofDays(1);

    private final @Nullable Path folder;
    private final Map<String, String> digests;

    private WeightsCopy(@Nullable Path folder, Map<String, String> digests) {
        this.folder = folder;
        this.digests = digests;
    }

    /**
     * Copies the weights, if the model keeps any outside.
     *
     * @param model the bytes of the model
     * @param parent where the copy is made; not there as long as no model needs it
     */
    static WeightsCopy of(VersionFiles files, ByteBuffer model, Path parent, InstantSource clock)
            throws LoadException {
        Set<String> names = BareFiles.namesIn(model);
        if (names.isEmpty()) {
            return new WeightsCopy(null, Map.of());
        }
        sweep(parent, clock);
        Path folder;
        try {
            // Only the owner may enter what this makes.
            folder = Files.createTempDirectory(Files.createDirectories(parent), PREFIX);
        } catch (IOException e) {
            throw new LoadException(
                    LoadStep.FETCH,
                    "its weights cannot be copied: " + e.getClass().getSimpleName(),
                    "make the folder of --data writable");
        }
        boolean isCopied = false;
        try {
            WeightsCopy copy = new WeightsCopy(folder, files.copyBeside(names, folder));
            isCopied = true;
            return copy;
        } finally {
            if (!isCopied) {
                delete(folder);
            }
        }
    }

    /** Where the runtime is to believe that the model lies; null when it needs no other files. */
    @Nullable Path modelFile() {
        return folder == null ? null : folder.resolve(ModelConfig.DEFAULT_MODEL_FILENAME);
    }

    /** Of the files that were copied, by path in the version. */
    Map<String, String> digests() {
        return digests;
    }

    @Override
    public void close() {
        if (folder != null) {
            delete(folder);
        }
    }

    /** Removes what a process left behind that was killed while it loaded. */
    private static void sweep(Path parent, InstantSource clock) {
        if (!Files.isDirectory(parent)) {
            return;
        }
        Instant old = clock.instant().minus(LEFT_BEHIND);
        try (DirectoryStream<Path> copies = Files.newDirectoryStream(parent, PREFIX + "*")) {
            for (Path copy : copies) {
                if (Files.getLastModifiedTime(copy).toInstant().isBefore(old)) {
                    delete(copy);
                }
            }
        } catch (IOException | RuntimeException e) {
            warn(parent, e);
        }
    }

    private static void delete(Path folder) {
        try (Stream<Path> all = Files.walk(folder)) {
            List<Path> deepestFirst = all.sorted(Comparator.reverseOrder()).toList();
            for (Path each : deepestFirst) {
                Files.deleteIfExists(each);
            }
        } catch (IOException | RuntimeException e) {
            warn(folder, e);
        }
    }

    private static void warn(Path folder, Exception e) {
        LOG.atWarn()
                .addKeyValue("folder", folder)
                .addKeyValue("cause", e.getClass().getSimpleName())
                .log("a copy of weights could not be removed");
    }
}
