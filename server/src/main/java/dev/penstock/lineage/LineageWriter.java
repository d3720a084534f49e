package dev.penstock.lineage;

import dev.penstock.journal.DurableFiles;
import dev.penstock.lineage.KeptRecord.Line;
import dev.penstock.lineage.TensorText.LargeValue;
import dev.penstock.lineage.store.LineageLine;
import dev.penstock.lineage.store.LineageLog;
import dev.penstock.lineage.store.LogSettings;
import dev.penstock.lineage.store.Room;
import dev.penstock.lineage.store.SigningKey;
import dev.penstock.runtime.Ticker;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that writes the lineage log: what the {@link LineageRecorder} made goes from its
 * ring to the {@link LineageLog}. A disk that stands still holds up this thread and nobody else.
 *
 * <p>It also does what falls due with time, for the log and for the sampling: ten times a second
 * or, while records come, every ten milliseconds.
 */
public final class LineageWriter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LineageWriter.class);
    private static final long TURN_NANOS = Duration.ofMillis(50).toNanos();
    private static final long POLL_NANOS = Duration.ofMillis(10).toNanos();
    private static final long DRAIN_NANOS = Duration.ofSeconds(3).toNanos();
    // The log waits a while itself until its last segment is sealed.
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(8);

    private final LineageRecorder recorder;
    private final LineageLog log;
    private final SegmentReport report;
    private final Ticker ticker;
    private final Thread thread;

    private @Nullable Policy policyOfSegment;
    private long turnedNanos;
    private long recordedNanos;
    private boolean isFaultTold;
    private volatile boolean isClosing;

    /**
     * Opens the log; nothing is written before {@link #start}.
     *
     * @param folder of the log, made if it is not there
     * @throws IOException if what is there cannot be read
     */
    public LineageWriter(
            LineageRecorder recorder,
            DurableFiles files,
            Path folder,
            LogSettings settings,
            SigningKey key,
            Ticker ticker,
            InstantSource clock)
            throws IOException {
        this.recorder = recorder;
        this.ticker = ticker;
        this.report = recorder.report();
        this.log = LineageLog.open(files, folder, settings, key, ticker, clock, report);
        this.thread = Thread.ofPlatform().name("lineage").daemon().unstarted(this::loop);
        this.turnedNanos = ticker.nanos() - TURN_NANOS;
        this.recordedNanos = turnedNanos;
        this.policyOfSegment = recorder.policy();
        recorder.meters()
                .log(
                        recorder.ring()::usedRatio,
                        log::lastSealMillis,
                        log::writeErrors,
                        log::acknowledgedSeq,
                        () -> room(log.room()));
    }

    private static int room(Room room) {
        return switch (room) {
            case VALUES -> 2;
            case METADATA -> 1;
            case NOTHING -> 0;
        };
    }

    /** Begins to write. */
    public void start() {
        thread.start();
    }

    /** The log, for what may be asked of it by any thread. */
    public LineageLog log() {
        return log;
    }

    private void loop() {
        while (!isClosing) {
            if (!step()) {
                boolean isBusy = ticker.nanos() - recordedNanos < TURN_NANOS * 20;
                LockSupport.parkNanos(this, isBusy ? POLL_NANOS : TURN_NANOS);
            }
        }
        finish();
    }

    /** Writes one record, if there is one, and does what is due; says whether there was one. */
    boolean step() {
        KeptRecord record = null;
        try {
            turnIfDue();
            record = recorder.ring().take();
            if (record != null) {
                recordedNanos = ticker.nanos();
                write(record);
            }
        } catch (RuntimeException | Error e) {
            // One bad record must not end all.
            tell(e);
        }
        if (record != null) {
            recorder.ring().done(record);
        }
        return record != null;
    }

    private void tell(Throwable fault) {
        if (!isFaultTold) {
            isFaultTold = true;
            LOG.atError()
                    .setCause(fault)
                    .log(
                            "the lineage writer failed and goes on; when it does again, nothing is said");
        }
    }

    private void turnIfDue() {
        long now = ticker.nanos();
        if (now - turnedNanos < TURN_NANOS) {
            return;
        }
        turnedNanos = now;
        log.turn();
        recorder.room(log.isFailing() ? Room.NOTHING : log.room());
        Policy policy = recorder.policy();
        if (policy != policyOfSegment) {
            policyOfSegment = policy;
            log.roll();
        }
        recorder.turn();
        noteRates();
    }

    private void noteRates() {
        for (ModelState each : recorder.rows().models()) {
            double rate = each.sampler().headRate();
            if (each.isNews(rate) && log.room() != Room.NOTHING && !log.isFailing()) {
                note(each, rate);
            }
        }
    }

    private void note(ModelState model, double rate) {
        try {
            byte[] line = report.rate(model.sampler().model(), rate);
            log.note(line, line.length);
            model.told(rate);
        } catch (IOException e) {
            // The log has told of it, and this is tried again.
            recorder.room(Room.NOTHING);
        }
    }

    private void write(KeptRecord record) {
        ModelState model = record.row().state();
        double rate = model.sampler().headRate();
        if (model.isNews(rate)) {
            note(model, rate);
        }
        // Counted first, for the log may end the segment, and ask, once it has written.
        record.row().writing(record.why());
        SkipReason failure = SkipReason.ERROR;
        try {
            failure = append(record.primary(), record) ? null : SkipReason.DISK;
        } finally {
            if (failure != null) {
                record.row().notWritten(record.why());
                recorder.drop(record, failure);
            }
        }
        if (failure != null) {
            return;
        }
        for (KeepReason reason : KeepReason.ALL) {
            if (reason.isIn(record.why())) {
                model.meters().kept(reason.index());
            }
        }
        Line shadow = record.shadow();
        if (shadow != null) {
            // Should the disk fail between the two, the first says that there is a second, and the
            // gap is told by the segment that ended without a trailer.
            var _ = append(shadow, null);
        }
    }

    private boolean append(Line line, @Nullable Object tag) {
        report.writing();
        boolean isWritten = false;
        try {
            isWritten = log.append(lineOf(line, tag));
        } catch (IOException e) {
            // The log has told of it.
            recorder.room(Room.NOTHING);
        } finally {
            if (!isWritten) {
                report.notWritten();
            }
        }
        return isWritten;
    }

    private static LineageLine lineOf(Line line, @Nullable Object tag) {
        List<LineageLine.Blob> blobs = List.of();
        if (!line.large().isEmpty()) {
            blobs = new ArrayList<>();
            for (LargeValue each : line.large()) {
                blobs.add(new LineageLine.Blob(each.at(), each.bytes().array()));
            }
        }
        return new LineageLine(line.json(), line.json().length, blobs, tag);
    }

    /** Writes what waits, for a while, counts the rest as dropped, and closes the log. */
    private void finish() {
        recorder.ring().close();
        long begun = ticker.nanos();
        while (recorder.ring().count() > 0 && ticker.nanos() - begun < DRAIN_NANOS) {
            if (!step()) {
                Thread.onSpinWait();
            }
        }
        for (KeptRecord left = recorder.ring().take();
                left != null;
                left = recorder.ring().take()) {
            recorder.drop(left, SkipReason.CLOSED);
            recorder.ring().done(left);
        }
        try {
            log.close();
        } catch (RuntimeException | Error e) {
            tell(e);
        }
    }

    /**
     * Takes no more records, writes what waits, and ends and seals the last segment. Waits a while
     * for that; a disk that stands still leaves the thread behind.
     */
    @Override
    public void close() {
        recorder.ring().close();
        isClosing = true;
        if (thread.getState() == Thread.State.NEW) {
            finish();
            return;
        }
        LockSupport.unpark(thread);
        try {
            if (!thread.join(CLOSE_LIMIT)) {
                LOG.atWarn()
                        .addKeyValue("records", recorder.ring().count())
                        .log("the lineage log still writes and is left behind");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
