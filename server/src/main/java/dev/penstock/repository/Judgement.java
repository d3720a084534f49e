package dev.penstock.repository;

import dev.penstock.inference.VersionId;
import dev.penstock.repository.PublishRule.Sight;
import dev.penstock.repository.PublishTracker.ConfigTrack;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a look says about one version: that it waits, that it is refused, or that it is published.
 * Made for one look, on the reconciler's thread.
 */
final class Judgement {
    private final PublishRule rule;
    private final long tickerNanos;
    private final VersionId id;
    private final FolderLook look;
    private final Sight sight;
    private final ConfigTrack config;
    private final Fingerprint fingerprint;

    /**
     * @param tickerNanos monotonic time of the look
     */
    Judgement(
            PublishRule rule,
            long tickerNanos,
            VersionId id,
            FolderLook look,
            Sight sight,
            ConfigTrack config) {
        this.rule = rule;
        this.tickerNanos = tickerNanos;
        this.id = id;
        this.look = look;
        this.sight = sight;
        this.config = config;
        this.fingerprint = new Fingerprint(look.stamps(), config.sight().stamps());
    }

    /**
     * Judges.
     *
     * @param manifest as read; null when there is none, or none that can be read
     * @param mismatch what is wrong with the manifest, or what differs from it
     */
    StoredVersion version(
            FolderReader reader,
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
                look.files().stream().map(FileStamp::path).filter(Judgement::isModel).toList();
        return others.isEmpty()
                ? refusedIfSettled("it holds no " + filename, "put " + filename + " there")
                : refusedIfSettled(otherModels(others, filename), renameIt(filename));
    }

    /** Waiting for more, until nothing has changed for so long that no more will come. */
    private StoredVersion refusedIfSettled(String why, String remedy) {
        return sight.isPublished() || rule.isSettled(sight, tickerNanos)
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

    /** Whether a file is called like a model. */
    static boolean isModel(String filename) {
        return filename.endsWith(".onnx") && !filename.startsWith(".");
    }

    /** That a folder holds models, but not the one that is looked for. */
    static String otherModels(List<String> others, String filename) {
        return "it holds "
                + OutsideText.printable(String.join(", ", others))
                + " but no "
                + filename;
    }

    /** What to do then. */
    static String renameIt(String filename) {
        return "rename it to " + filename + ", or set default_model_filename in config.pbtxt";
    }
}
