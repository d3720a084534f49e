package dev.penstock.lineage.store;

import dev.penstock.journal.DurableFiles;
import dev.penstock.lineage.store.SegmentFiles.Part;
import dev.penstock.runtime.Ticker;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Removes what {@link Retention} no longer keeps: whole sealed segments, oldest first, and later
 * their manifests. A crash in between leaves less than there was and nothing that is wrong; the
 * next look goes on.
 *
 * <p>Nothing is removed by its age because a clock was wrong once. The wall clock counts only after
 * it has agreed with the monotonic one for ten minutes. A segment goes only if the one after it is
 * old enough as well, so a segment sealed under a clock that was behind is kept as long as its
 * neighbour; one that seems to come from the future is as old as the one after it.
 */
final class Expiry {
    private static final long LOOK_NANOS = 60_000_000_000L;
    private static final long STEADY_NANOS = 600_000_000_000L;
    private static final long MAX_DRIFT_MILLIS = 5_000;
    private static final Set<Part> LINES = Set.of(Part.LINES, Part.INDEX, Part.BLOBS);

    private final DurableFiles files;
    private final LogFolder folder;
    private final String writer;
    private final Retention retention;
    private final InstantSource clock;
    private final Ticker ticker;
    private volatile Retention.Listener listener = removal -> {};
    private volatile long lookedNanos;
    private long lookedMillis;
    private long steadySinceNanos;

    Expiry(
            DurableFiles files,
            LogFolder folder,
            String writer,
            Retention retention,
            InstantSource clock,
            Ticker ticker) {
        this.files = files;
        this.folder = folder;
        this.writer = writer;
        this.retention = retention;
        this.clock = clock;
        this.ticker = ticker;
        // The first look comes a while after the start, when somebody listens.
        this.lookedNanos = ticker.nanos();
        this.lookedMillis = clock.millis();
        this.steadySinceNanos = lookedNanos;
    }

    void tell(Retention.Listener listener) {
        this.listener = listener;
    }

    /** Whether it is time for a look; any thread. */
    boolean isDue() {
        return ticker.nanos() - lookedNanos >= LOOK_NANOS;
    }

    /** Removes what is to go. */
    void look() throws IOException {
        boolean isSteady = isClockSteady();
        List<SegmentFiles> all = new ArrayList<>();
        for (SegmentFiles segment : folder.list()) {
            if (segment.writer().equals(writer)) {
                all.add(segment);
            }
        }
        for (SegmentFiles segment : all) {
            if (segment.isRemoved() && (segment.has(Part.INDEX) || segment.has(Part.BLOBS))) {
                removeLines(segment);
            }
        }
        List<SegmentFiles> sealed = new ArrayList<>(all);
        sealed.removeIf(s -> !s.isSealed() || s.has(Part.OPEN));
        removeBySize(all, sealed);
        if (isSteady) {
            removeByAge(sealed);
            removeManifests(all);
        }
    }

    private boolean isClockSteady() {
        long nanos = ticker.nanos();
        long millis = clock.millis();
        long passedMillis = (nanos - lookedNanos) / 1_000_000;
        long drift = Math.abs(millis - lookedMillis - passedMillis);
        if (drift > MAX_DRIFT_MILLIS) {
            steadySinceNanos = nanos;
        }
        lookedNanos = nanos;
        lookedMillis = millis;
        return nanos - steadySinceNanos >= STEADY_NANOS;
    }

    private void removeBySize(List<SegmentFiles> all, List<SegmentFiles> sealed)
            throws IOException {
        long bytes = 0;
        for (SegmentFiles segment : all) {
            bytes += bytes(segment);
        }
        List<SegmentFiles> go = new ArrayList<>();
        for (SegmentFiles segment : sealed) {
            if (bytes <= retention.sizeBytes()) {
                break;
            }
            bytes -= bytes(segment);
            go.add(segment);
        }
        removeLines(go, Retention.Reason.SIZE);
        sealed.removeAll(go);
    }

    private void removeByAge(List<SegmentFiles> sealed) throws IOException {
        removeLines(oldest(sealed, retention.segments()), Retention.Reason.AGE);
    }

    /** Those at the front that are old. */
    private List<SegmentFiles> oldest(List<SegmentFiles> segments, Duration age)
            throws IOException {
        List<SegmentFiles> old = new ArrayList<>();
        for (int i = 0; i < segments.size(); i++) {
            boolean isLast = i == segments.size() - 1;
            if (!isOld(segments, i, age) || !(isLast || isOld(segments, i + 1, age))) {
                break;
            }
            old.add(segments.get(i));
        }
        return old;
    }

    private boolean isOld(List<SegmentFiles> segments, int from, Duration age) throws IOException {
        long now = lookedMillis;
        for (int i = from; i < segments.size(); i++) {
            long sealed = manifest(segments.get(i)).sealed() / 1_000;
            if (sealed <= now) {
                return now - sealed > age.toMillis();
            }
        }
        return false;
    }

    private Manifest manifest(SegmentFiles segment) throws IOException {
        return Manifest.parse(WholeFile.read(files, segment.file(Part.MANIFEST)));
    }

    private long bytes(SegmentFiles segment) throws IOException {
        long bytes = 0;
        for (Part part : segment.present()) {
            boolean counts = LINES.contains(part) || part == Part.OPEN;
            bytes += counts ? Math.max(0, files.size(segment.file(part))) : 0;
        }
        return bytes;
    }

    private void removeLines(List<SegmentFiles> go, Retention.Reason reason) throws IOException {
        if (go.isEmpty()) {
            return;
        }
        long bytes = 0;
        for (SegmentFiles segment : go) {
            bytes += bytes(segment);
        }
        listener.removing(removal(go, bytes, reason, false));
        for (SegmentFiles segment : go) {
            removeLines(segment);
        }
    }

    private void removeLines(SegmentFiles segment) throws IOException {
        String torn = segment.tornFile(0).getFileName().toString();
        for (Path file : files.list(segment.day())) {
            if (file.getFileName().toString().startsWith(torn)) {
                files.delete(file);
            }
        }
        // Then the lines: an index or tensors without lines are then a removal that was cut short.
        files.delete(segment.file(Part.LINES));
        files.syncFolder(segment.day());
        files.delete(segment.file(Part.INDEX));
        files.delete(segment.file(Part.BLOBS));
        files.syncFolder(segment.day());
    }

    private Retention.Removal removal(
            List<SegmentFiles> go, long bytes, Retention.Reason reason, boolean isOfManifests)
            throws IOException {
        return new Retention.Removal(
                go.stream().map(SegmentFiles::stem).toList(),
                go.getFirst().firstSeq(),
                manifest(go.getLast()).lastSeq(),
                bytes,
                reason,
                isOfManifests);
    }

    private void removeManifests(List<SegmentFiles> all) throws IOException {
        List<SegmentFiles> kept = new ArrayList<>(all);
        kept.removeIf(s -> !s.has(Part.MANIFEST));
        if (kept.size() < 2) {
            return;
        }
        List<SegmentFiles> go = oldest(kept, retention.manifests());
        // The newest tells where the chain goes on.
        go.remove(kept.getLast());
        List<SegmentFiles> gone = new ArrayList<>();
        for (SegmentFiles segment : go) {
            if (files.size(segment.file(Part.LINES)) >= 0 || segment.has(Part.OPEN)) {
                break;
            }
            gone.add(segment);
        }
        if (gone.isEmpty()) {
            return;
        }
        listener.removing(removal(gone, 0, Retention.Reason.AGE, true));
        for (SegmentFiles segment : gone) {
            removeManifest(segment);
        }
    }

    private void removeManifest(SegmentFiles segment) throws IOException {
        // The manifest last: as long as it is there, a removal that was cut short is seen.
        files.delete(segment.file(Part.SIGNATURE));
        files.syncFolder(segment.day());
        files.delete(segment.file(Part.MANIFEST));
        files.syncFolder(segment.day());
        LocalDate today = LocalDate.ofInstant(Instant.ofEpochMilli(lookedMillis), ZoneOffset.UTC);
        boolean isPast = segment.day().getFileName().toString().compareTo("dt=" + today) < 0;
        if (isPast && files.list(segment.day()).isEmpty()) {
            files.delete(segment.day());
        }
    }
}
