package dev.penstock.lineage.store;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.Objects.requireNonNull;

import dev.penstock.journal.DurableFiles;
import dev.penstock.journal.Head;
import dev.penstock.journal.Journal;
import dev.penstock.journal.Layout;
import dev.penstock.journal.Segment;
import dev.penstock.runtime.Ticker;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * The records of predictions as files that survive kill, power loss and a full disk: a chain of
 * lines in segments, each of which is sealed when it is large or old enough.
 *
 * <p>A record is <em>acknowledged</em> once it is certain to be there after a restart. Every other
 * one that was appended is either acknowledged later or told to {@link SegmentFacts#lost}. After a
 * failure nothing is appended until the disk takes writes again, which is tried once a second; the
 * segment then ends without a trailer and a new one begins.
 *
 * <p>For one thread, the writer's, but for what is marked. Sealing and removing old segments happen
 * on a thread of their own.
 */
public final class LineageLog implements AutoCloseable {
    private static final long REOPEN_NANOS = 1_000_000_000L;
    private static final long FLOOR_NANOS = 1_000_000_000L;
    private static final long CLOSE_MILLIS = 20_000;

    /** A record that is appended and not acknowledged. */
    private record Waiting(long seq, @Nullable Object tag) {}

    private final DurableFiles files;
    private final LogFolder folder;
    private final LogSettings settings;
    private final Ticker ticker;
    private final SegmentFacts facts;
    private final Complaints complaints;
    private final Expiry expiry;
    private final Sealer sealer;
    private final @Nullable ExecutorService thread;
    private final BlobWriter blobs;
    private final Journal journal;
    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private long lostLines;
    private long segmentFirstSeq;
    private long segmentBegunNanos;
    private long handedFirstSeq;
    private long reopenedNanos;
    private boolean hasSeenFloor;
    private long floorNanos;
    private volatile Room room = Room.VALUES;
    private volatile boolean isFailing;

    private LineageLog(
            DurableFiles files,
            LogFolder folder,
            LogSettings settings,
            SigningKey key,
            Ticker ticker,
            InstantSource clock,
            SegmentFacts facts,
            @Nullable Executor executor)
            throws IOException {
        this.files = files;
        this.folder = folder;
        this.settings = settings;
        this.ticker = ticker;
        this.facts = facts;
        this.thread = executor == null ? sealerThread() : null;
        this.complaints = new Complaints(ticker);
        String writer = settings.journal().writer();
        this.expiry = new Expiry(files, folder, writer, settings.retention(), clock, ticker);
        this.blobs = new BlobWriter(files);
        SealedHead sealed = SealedHead.find(files, segments(), key);
        this.sealer =
                new Sealer(
                        files,
                        key,
                        clock,
                        ticker,
                        executor == null ? requireNonNull(thread) : executor,
                        complaints,
                        expiry,
                        sealed);
        Layout layout =
                sealed == null
                        ? Layout.dated(clock, 1, Head.START)
                        : Layout.dated(clock, sealed.firstSeq(), sealed.last());
        this.journal =
                Journal.open(
                        files, folder.path(), layout, settings.journal(), ticker, this::header);
    }

    private static ExecutorService sealerThread() {
        return Executors.newSingleThreadExecutor(
                Thread.ofPlatform().name("lineage-sealer").daemon().factory());
    }

    /**
     * Opens the log in a folder, which is made if it is not there, and mends what a crash left.
     * Segments that a crash left open are sealed in the background. If the folder can be read and
     * not written, the log begins failing.
     *
     * @throws IOException if the folder cannot be read, or the newest manifest in it is not whole
     */
    public static LineageLog open(
            DurableFiles files,
            Path folder,
            LogSettings settings,
            SigningKey key,
            Ticker ticker,
            InstantSource clock,
            SegmentFacts facts)
            throws IOException {
        return open(files, folder, settings, key, ticker, clock, facts, null);
    }

    /** As above, with sealing and removing on the given executor instead of a thread. */
    static LineageLog open(
            DurableFiles files,
            Path folder,
            LogSettings settings,
            SigningKey key,
            Ticker ticker,
            InstantSource clock,
            SegmentFacts facts,
            @Nullable Executor executor)
            throws IOException {
        files.makeFolder(folder);
        LineageLog log =
                new LineageLog(
                        files,
                        new LogFolder(files, folder),
                        settings,
                        key,
                        ticker,
                        clock,
                        facts,
                        executor);
        log.begin();
        return log;
    }

    private List<SegmentFiles> segments() throws IOException {
        String writer = settings.journal().writer();
        return folder.list().stream().filter(s -> s.writer().equals(writer)).toList();
    }

    private void begin() {
        look();
        isFailing = journal.isRetired();
        reopenedNanos = ticker.nanos();
        if (!journal.isRetired()) {
            sealWhatIsLeft();
        }
        sealer.turn();
    }

    /** To be called once recovery has made an end of the newest segment. */
    private void sealWhatIsLeft() {
        try {
            for (SegmentFiles segment : segments()) {
                if (segment.has(SegmentFiles.Part.OPEN)) {
                    handedFirstSeq = segment.firstSeq();
                    sealer.add(segment);
                } else if (segment.present().equals(Set.of(SegmentFiles.Part.BLOBS))) {
                    // Of a segment whose lines were all lost.
                    files.delete(segment.file(SegmentFiles.Part.BLOBS));
                }
            }
        } catch (IOException e) {
            complaints.tell("the lineage folder cannot be listed", e);
        }
    }

    private byte[] header() {
        byte[] fields = facts.header();
        SealedHead sealed = sealer.newest();
        if (sealed == null) {
            return fields;
        }
        String field =
                "%s\"sealed\":{\"first_seq\":%d,\"manifest_sha256\":\"%s\"}}"
                        .formatted(
                                fields.length > 2 ? "," : "",
                                sealed.firstSeq(),
                                sealed.manifestSha256());
        byte[] header = Arrays.copyOf(fields, fields.length - 1 + field.length());
        System.arraycopy(field.getBytes(US_ASCII), 0, header, fields.length - 1, field.length());
        return header;
    }

    /**
     * Appends a record.
     *
     * @return false if the log is failing or the disk has no room: the record is not kept
     * @throws IOException if that has failed just now: likewise
     */
    public boolean append(LineageLine line) throws IOException {
        if (journal.isRetired() || room == Room.NOTHING) {
            return false;
        }
        try {
            long seq =
                    line.blobs().isEmpty()
                            ? journal.append(line.json(), line.length())
                            : appendWithBlobs(line);
            if (seq > journal.acknowledgedSeq()) {
                waiting.add(new Waiting(seq, line.tag()));
            }
        } catch (IOException e) {
            complaints.tell("a lineage record could not be written", e);
            throw e;
        } finally {
            settle();
        }
        rollIfFull();
        return true;
    }

    private long appendWithBlobs(LineageLine line) throws IOException {
        byte[] object = blobs.write(filesOf(journal.nextSegment()), line);
        return journal.append(object);
    }

    private static SegmentFiles filesOf(Segment segment) {
        return new SegmentFiles(
                requireNonNull(segment.file().getParent()),
                segment.writer(),
                segment.firstSeq(),
                EnumSet.of(SegmentFiles.Part.OPEN));
    }

    /**
     * Appends a line that is no record; nothing if the log is failing.
     *
     * @param object holds a JSON object from 0 on; belongs to the caller again on return
     */
    public void note(byte[] object, int length) throws IOException {
        if (journal.isRetired()) {
            return;
        }
        try {
            var _ = journal.append(object, length);
        } catch (IOException e) {
            complaints.tell("a line of the lineage log could not be written", e);
            throw e;
        } finally {
            settle();
        }
        rollIfFull();
    }

    private void rollIfFull() {
        Segment newest = journal.newestSegment();
        if (newest != null && newest.firstSeq() != segmentFirstSeq) {
            segmentFirstSeq = newest.firstSeq();
            segmentBegunNanos = ticker.nanos();
        }
        if (journal.segmentBytes() >= settings.sealBytes()) {
            roll();
        }
    }

    /** Takes note of which lines are certain by now, and which are gone. */
    private void settle() {
        isFailing = journal.isRetired();
        long acknowledged = journal.acknowledgedSeq();
        while (!waiting.isEmpty() && waiting.peek().seq() <= acknowledged) {
            waiting.remove();
        }
        if (journal.lostLines() != lostLines) {
            lostLines = journal.lostLines();
            waiting.forEach(record -> facts.lost(record.tag()));
            waiting.clear();
        }
    }

    /** Does what is due. To be called at least every 100 ms. */
    public void turn() {
        long now = ticker.nanos();
        if (!hasSeenFloor || now - floorNanos >= FLOOR_NANOS) {
            look();
        }
        if (journal.isRetired()) {
            if (now - reopenedNanos >= REOPEN_NANOS) {
                reopen();
            }
        } else {
            syncIfDue();
            boolean isOld = now - segmentBegunNanos >= settings.sealAgeNanos();
            if (isOld || blobs.isBroken()) {
                roll();
            }
        }
        sealer.turn();
    }

    private void look() {
        room = settings.floor().look();
        floorNanos = ticker.nanos();
        hasSeenFloor = true;
    }

    private void syncIfDue() {
        try {
            journal.syncIfDue();
        } catch (IOException e) {
            complaints.tell("the lineage log could not be forced to the disk", e);
        }
        settle();
    }

    private void reopen() {
        reopenedNanos = ticker.nanos();
        try {
            journal.reopen();
        } catch (IOException e) {
            complaints.tell("the lineage log cannot be written yet", e);
            settle();
            return;
        }
        settle();
        facts.ended();
        handOver();
    }

    /** Ends the segment with its trailer; the next line begins a new one. Nothing if none is. */
    public void roll() {
        if (journal.isRetired() || journal.segmentBytes() == 0) {
            return;
        }
        try {
            // A trailer counts what is certain, and nothing is lost that it has counted.
            journal.sync();
            settle();
            var _ = journal.append(facts.trailer());
            journal.roll();
        } catch (IOException e) {
            complaints.tell("a lineage segment could not be ended", e);
            settle();
            return;
        }
        settle();
        handOver();
    }

    private void handOver() {
        blobs.close();
        Segment ended = journal.newestSegment();
        if (handedFirstSeq == 0) {
            sealWhatIsLeft();
        } else if (ended != null && ended.firstSeq() > handedFirstSeq) {
            handedFirstSeq = ended.firstSeq();
            sealer.add(filesOf(ended));
        }
    }

    /** Is told what retention is about to remove, on the sealer's thread. */
    public void onRemoval(Retention.Listener listener) {
        expiry.tell(listener);
    }

    /** How much the disk has room for. Any thread. */
    public Room room() {
        return room;
    }

    /** Whether a failure keeps it from writing. Any thread. */
    public boolean isFailing() {
        return isFailing;
    }

    /** The last line that is certain to survive; 0 if none is. Any thread. */
    public long acknowledgedSeq() {
        return journal.acknowledgedSeq();
    }

    /** Failures of the disk, in writing, sealing and removing. Any thread. */
    public long writeErrors() {
        return complaints.count();
    }

    /** When a segment was last sealed, in milliseconds since 1970; 0 if never. Any thread. */
    public long lastSealMillis() {
        SealedHead newest = sealer.newest();
        return newest == null ? 0 : newest.sealedMicros() / 1_000;
    }

    /** Ends the segment and waits a while until it is sealed. */
    @Override
    public void close() {
        if (journal.isRetired()) {
            reopen();
        }
        roll();
        if (journal.isRetired()) {
            // What was told to be lost must not be there at the next start.
            reopen();
        }
        try {
            journal.close();
        } catch (IOException e) {
            complaints.tell("the lineage log could not be closed", e);
        }
        settle();
        blobs.close();
        try {
            var _ = sealer.awaitIdle(CLOSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (thread != null) {
            thread.shutdown();
        }
    }
}
