package dev.penstock.replay;

import dev.penstock.engine.EngineException;
import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.inference.VersionId;
import dev.penstock.journal.DurableFiles;
import dev.penstock.lineage.store.LineageReader;
import dev.penstock.lineage.store.StoredRecord;
import dev.penstock.repository.LiveVersion;
import dev.penstock.runtime.Ticker;
import dev.penstock.serving.PairComparison;
import dev.penstock.serving.ServedModel;
import dev.penstock.serving.ServingTable;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorPool;
import dev.penstock.tensor.TensorSet;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Asks versions again what was recorded, and compares.
 *
 * <p>It is the lowest class of work: one record at a time on the caller's thread, on runners of its
 * own, and only while no request waits for a run of any version. It takes memory from the budget of
 * callers only while at most half of that is used.
 */
public final class Replayer {
    private static final long GLANCE_NANOS = Duration.ofMillis(1).toNanos();
    private static final long MAX_RUN_NANOS = Duration.ofSeconds(10).toNanos();
    private static final long PATIENCE_NANOS = Duration.ofSeconds(5).toNanos();

    private final DurableFiles files;
    private final Path folder;
    private final String writer;
    private final LineageReader reader;
    private final Supplier<ServingTable> table;
    private final TensorPool pool;
    private final String environment;
    private final long maxRunNanos;
    private final Ticker ticker;
    private final InstantSource clock;

    /**
     * @param folder of the records of replays, which need not be there yet
     * @param writer the node's name
     * @param reader of the lineage log
     * @param table what is served now, asked again for each record
     * @param environment digest of what computes now, as records have it; empty when none is known
     * @param maxRun how long a caller's run may take
     */
    public Replayer(
            DurableFiles files,
            Path folder,
            String writer,
            LineageReader reader,
            Supplier<ServingTable> table,
            TensorPool pool,
            String environment,
            Duration maxRun,
            Ticker ticker,
            InstantSource clock) {
        this.files = files;
        this.folder = folder;
        this.writer = writer;
        this.reader = reader;
        this.table = table;
        this.pool = pool;
        this.environment = environment;
        this.maxRunNanos = Math.min(maxRun.toNanos(), MAX_RUN_NANOS);
        this.ticker = ticker;
        this.clock = clock;
    }

    /**
     * Replays; on the calling thread. One at a time: the log of replays has one writer.
     *
     * @param replay a name that nothing else has
     * @throws IOException when the lineage log cannot be read or that of replays not be written
     * @throws InterruptedException when the progress says so
     */
    public ReplayReport run(ReplayRequest request, String replay, Progress progress)
            throws IOException, InterruptedException {
        try (ReplayLog log =
                ReplayLog.open(files, folder, writer, replay, request, ticker, clock)) {
            Run run = new Run(request, progress, log);
            new RecordSource(reader, request, progress).each(run::take);
            ReplayReport report = run.report(replay);
            log.ended(report);
            return report;
        }
    }

    /** One replay. */
    private final class Run {
        private final ReplayRequest request;
        private final Progress progress;
        private final ReplayLog log;
        private final RecordedTensors tensors = new RecordedTensors(reader, pool);
        private final Map<String, Long> skipped = new TreeMap<>();
        private final Map<VersionId, VersionTally> tallies = new TreeMap<>();
        private long nextNanos = ticker.nanos();
        private long records;
        private long replayed;

        Run(ReplayRequest request, Progress progress, ReplayLog log) {
            this.request = request;
            this.progress = progress;
            this.log = log;
        }

        void take(@Nullable StoredRecord record) throws IOException, InterruptedException {
            try {
                if (record == null) {
                    throw new SkippedException(SkipReason.NOT_RECORDED);
                }
                replay(record);
                replayed++;
            } catch (SkippedException e) {
                skipped.merge(e.reason().label(), 1L, Long::sum);
            }
            progress.at(++records);
        }

        private void replay(StoredRecord stored)
                throws IOException, InterruptedException, SkippedException {
            JsonNode record = stored.tree();
            if (!record.path("st").path("code").asString("").equalsIgnoreCase("ok")) {
                throw new SkippedException(SkipReason.NOT_ANSWERED);
            }
            List<VersionId> versions = versions(record);
            awaitTurn();
            try (TensorSet inputs = tensors.read(stored, "in");
                    TensorSet outputs = tensors.read(stored, "out")) {
                for (VersionId id : versions) {
                    ask(id, record, inputs, outputs);
                }
            }
        }

        private List<VersionId> versions(JsonNode record) throws SkippedException {
            JsonNode model = record.path("model");
            String name = model.path("name").asString("");
            long number = model.path("version").asLong(0);
            if (!VersionId.isModelName(name) || number <= 0) {
                throw new SkippedException(SkipReason.DAMAGED);
            }
            if (!request.against().isEmpty()) {
                return request.against().stream().map(each -> new VersionId(name, each)).toList();
            }
            VersionId answered = new VersionId(name, number);
            if (live(answered) == null) {
                throw new SkippedException(SkipReason.NOT_LOADED);
            }
            return List.of(answered);
        }

        private void ask(VersionId id, JsonNode record, TensorSet inputs, TensorSet recorded)
                throws IOException, InterruptedException {
            VersionTally tally =
                    tallies.computeIfAbsent(id, each -> new VersionTally(each, environment));
            String rid = record.path("rid").asString("");
            LiveVersion live = live(id);
            String failure = "not_loaded";
            if (live != null) {
                tally.asked(record, live.info());
                awaitQuiet();
                try {
                    failure = answer(live, tally, record, inputs, recorded);
                } catch (FailureException e) {
                    failure = reason(e.failure());
                } catch (EngineException e) {
                    failure = "run_failed";
                }
            }
            if (failure != null) {
                tally.failed(failure);
                log.failed(rid, tally, failure);
            }
        }

        private static String reason(Failure failure) {
            return switch (failure) {
                case Failure.InvalidInput invalid -> "refused";
                case Failure.DeadlineExceeded deadline -> "too_slow";
                case Failure.MemoryFull full -> "memory";
                default -> "run_failed";
            };
        }

        /** Null when it answered, else why not. */
        private @Nullable String answer(
                LiveVersion live,
                VersionTally tally,
                JsonNode record,
                TensorSet inputs,
                TensorSet recorded)
                throws EngineException, IOException {
            List<String> names = recorded.tensors().stream().map(Tensor::name).toList();
            live.info().signature().check(tally.id().model(), inputs, names);
            long before = ticker.nanos();
            TensorSet outputs = live.scheduler().runAside(inputs, names, before + maxRunNanos);
            double micros = (ticker.nanos() - before) / 1e3;
            if (outputs == null) {
                return "not_loaded";
            }
            try (outputs) {
                PairComparison pair = PairComparison.of(recorded, outputs);
                VersionTally.Answer answer =
                        new VersionTally.Answer(
                                isSame(recorded, outputs),
                                pair.verdict(),
                                pair.summaries(),
                                micros);
                String rid = record.path("rid").asString("");
                tally.answered(rid, answer, record.path("lat").path("infer").asDouble(-1));
                log.answered(rid, tally, answer, outputs);
            }
            return null;
        }

        /** Begins no record before its time, and none while callers need the memory. */
        private void awaitTurn() throws InterruptedException, SkippedException {
            long now = ticker.nanos();
            if (nextNanos - now > 0) {
                pauseUntil(nextNanos);
            }
            if (Double.isFinite(request.perSecond())) {
                nextNanos = Math.max(nextNanos, now) + (long) (1e9 / request.perSecond());
            }
            long until = ticker.nanos() + PATIENCE_NANOS;
            while (pool.bytesOut() > pool.budgetBytes() / 2) {
                if (ticker.nanos() - until > 0) {
                    throw new SkippedException(SkipReason.MEMORY);
                }
                progress.pause(GLANCE_NANOS);
            }
        }

        private void pauseUntil(long atNanos) throws InterruptedException {
            for (long left = atNanos - ticker.nanos(); left > 0; left = atNanos - ticker.nanos()) {
                progress.pause(left);
            }
        }

        /** Waits until no request waits for a run. */
        private void awaitQuiet() throws InterruptedException {
            progress.pause(0);
            while (isBusy()) {
                progress.pause(GLANCE_NANOS);
            }
        }

        private boolean isBusy() {
            for (ServedModel model : table.get().models().values()) {
                for (LiveVersion version : model.versions().values()) {
                    if (version.scheduler().queueDepth() > 0) {
                        return true;
                    }
                }
            }
            return false;
        }

        ReplayReport report(String replay) {
            List<ReplayReport.VersionReport> versions = new ArrayList<>();
            tallies.values().forEach(tally -> versions.add(tally.report(request.mode())));
            return new ReplayReport(
                    replay,
                    request.mode().label(),
                    records,
                    replayed,
                    skipped,
                    versions.stream().anyMatch(ReplayReport.VersionReport::differs),
                    versions);
        }
    }

    private @Nullable LiveVersion live(VersionId id) {
        ServedModel model = table.get().models().get(id.model());
        return model == null ? null : model.versions().get(id.number());
    }

    /** Whether all bits of the recorded outputs came again. */
    private static boolean isSame(TensorSet recorded, TensorSet outputs) {
        for (Tensor expected : recorded.tensors()) {
            Tensor actual = outputs.find(expected.name());
            if (actual == null
                    || actual.type() != expected.type()
                    || !actual.shape().equals(expected.shape())
                    || !actual.data().equals(expected.data())) {
                return false;
            }
        }
        return recorded.tensors().size() == outputs.tensors().size();
    }
}
