package dev.penstock.journal;

import static dev.penstock.runtime.Check.require;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.Objects.requireNonNull;

import dev.penstock.runtime.Ticker;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An append-only chain of JSON lines in segment files that survives kill and power loss.
 *
 * <p>A line is <em>acknowledged</em> once a force that covers it has returned; every acknowledged
 * line is there after a restart. The first line of each segment is a header, {@code
 * "kind":"header"}. After a restart the journal never writes to an old segment. A segment is begun
 * by its first line, so none is empty.
 *
 * <p>A write or force that fails <em>retires</em> the segment: nothing is appended or acknowledged
 * until {@link #reopen} has cut off what is not certain. After a failed force those are all lines
 * since the last good one, because the operating system may have dropped their pages. Line numbers
 * that were cut are given out again.
 *
 * <p>When a segment is full is for the owner to say, with {@link #roll}. One thread at a time;
 * {@link #acknowledgedSeq} and {@link #lostLines} may be read by any.
 */
public final class Journal implements AutoCloseable {
    /** When lines are forced to the disk. */
    public enum Sync {
        /** Before {@link Journal#append} returns. */
        ALWAYS,
        /** When enough bytes or time have gathered. */
        INTERVAL,
        /** Only when a segment ends: lines survive a kill, not a power loss. */
        NEVER
    }

    /**
     * How a journal is kept.
     *
     * @param writer the node's name, in each line and in the names of the files
     * @param syncIntervalNanos for {@link Sync#INTERVAL}: the longest that a line waits
     * @param syncBytes for {@link Sync#INTERVAL}: the most bytes that wait
     */
    public record Settings(String writer, Sync sync, long syncIntervalNanos, long syncBytes) {
        public Settings {
            LineForm.requireWriter(writer);
            require(syncIntervalNanos >= 0, "sync interval is %d ns", syncIntervalNanos);
            require(
                    syncBytes >= 0 && syncBytes <= Recovery.DOUBT_BYTES,
                    "sync bytes are %d, must be 0 to %d",
                    syncBytes,
                    Recovery.DOUBT_BYTES);
        }

        /** Each line is forced before it is reported as appended. */
        public static Settings always(String writer) {
            return new Settings(writer, Sync.ALWAYS, 0, 0);
        }
    }

    private final DurableFiles files;
    private final Path folder;
    private final Layout layout;
    private final Settings settings;
    private final Ticker ticker;
    private final Supplier<byte[]> headerFields;
    private final Recovery recovery;
    private final long recoveredSeq;
    private final LineForm form;
    private final byte[] hash;
    private final byte[] acknowledgedHash;
    private byte[] line = new byte[4096];

    private @Nullable Segment segment;
    private @Nullable Segment next;
    private @Nullable DurableFile file;
    private @Nullable IOException retiredBy;
    private boolean isMended;
    private boolean isNameCertain;
    private long seq;
    private long segmentBytes;
    private long acknowledgedBytes;
    private long unacknowledgedLines;
    private long waitingSinceNanos;
    private volatile long acknowledgedSeq;
    private volatile long lostLines;

    private Journal(
            DurableFiles files,
            Path folder,
            Layout layout,
            Settings settings,
            Ticker ticker,
            Supplier<byte[]> headerFields,
            Recovery recovery,
            Head head) {
        this.files = files;
        this.folder = folder;
        this.layout = layout;
        this.settings = settings;
        this.ticker = ticker;
        this.headerFields = headerFields;
        this.form = new LineForm(settings.writer());
        this.seq = head.seq();
        this.acknowledgedSeq = head.seq();
        this.hash = LineForm.ascii(head.sha256());
        this.acknowledgedHash = hash.clone();
        this.recovery = recovery;
        this.recoveredSeq = head.seq();
    }

    /** Opens a journal whose segments stay side by side in the folder. */
    public static Journal open(
            DurableFiles files,
            Path folder,
            Settings settings,
            Ticker ticker,
            Supplier<byte[]> headerFields)
            throws IOException {
        return open(files, folder, Layout.FLAT, settings, ticker, headerFields);
    }

    /**
     * Mends what a crash left in the folder, which is made if it is not there, and continues its
     * chain. Writes no segment yet. If the folder can be read and not mended, the journal begins
     * retired.
     *
     * @param headerFields a JSON object for each header, asked for when a segment begins; its
     *     fields stand beside the journal's own, {@code w}, {@code seq}, {@code prev}, {@code
     *     kind}, {@code crc}
     */
    public static Journal open(
            DurableFiles files,
            Path folder,
            Layout layout,
            Settings settings,
            Ticker ticker,
            Supplier<byte[]> headerFields)
            throws IOException {
        files.makeFolder(folder);
        Recovery recovery = new Recovery(files, folder, layout, settings.writer());
        Head head = recovery.scan();
        Journal journal =
                new Journal(files, folder, layout, settings, ticker, headerFields, recovery, head);
        journal.mend();
        return journal;
    }

    private void mend() {
        try {
            recovery.mend();
            isMended = true;
        } catch (IOException e) {
            // A full disk must not keep a server from starting. It cannot append, though.
            retiredBy = e;
        }
    }

    /**
     * Appends one line.
     *
     * @param object a JSON object in UTF-8 with at least one field and no line feed; the caller
     *     keeps the array
     * @return the line's place in the chain
     * @throws IOException if it could not be written, or could not be forced where the settings
     *     want that now; the segment is retired then, and the line is not in the chain
     */
    public long append(byte[] object) throws IOException {
        return append(object, object.length);
    }

    /** Appends the object in the first {@code objectBytes} bytes of the array. */
    public long append(byte[] object, int objectBytes) throws IOException {
        requireObject(object, objectBytes);
        if (retiredBy != null) {
            throw new IOException("the segment is retired", retiredBy);
        }
        try {
            if (file == null) {
                begin();
            }
            write(object, objectBytes);
        } catch (IOException e) {
            retire(e);
            if (unacknowledgedLines == 0) {
                // No header stays without a line.
                forgetUnacknowledged();
            }
            throw e;
        }
        if (isSyncDue()) {
            sync();
        } else {
            unacknowledgedLines++;
        }
        return seq;
    }

    private static void requireObject(byte[] object, int objectBytes) {
        require(
                objectBytes > 2 && object[0] == '{' && object[objectBytes - 1] == '}',
                "a line must be a JSON object with a field");
        require(
                objectBytes <= LineForm.MAX_LINE_BYTES - 1024,
                "a line of %d bytes is too long",
                objectBytes);
        for (int i = 0; i < objectBytes; i++) {
            require(object[i] != '\n', "a line must not hold a line feed");
        }
    }

    private void begin() throws IOException {
        byte[] header = header();
        segment = null;
        segmentBytes = 0;
        acknowledgedBytes = 0;
        isNameCertain = false;
        Segment begun = nextSegment();
        next = null;
        layout.makeRoom(files, begun);
        file = files.create(begun.file());
        segment = begun;
        write(header, header.length);
    }

    /**
     * The segment that the next line goes to, be it begun or not, for an owner that keeps other
     * files beside it.
     */
    public Segment nextSegment() {
        Segment open = segment;
        if (file != null && open != null) {
            return open;
        }
        Segment planned = next;
        if (planned == null || planned.firstSeq() != seq + 1) {
            planned = layout.next(folder, settings.writer(), seq + 1);
            next = planned;
        }
        return planned;
    }

    /**
     * The newest segment that this journal has begun and that holds a line, whether it is being
     * written, retired or ended; null if there is none.
     */
    public @Nullable Segment newestSegment() {
        return segment;
    }

    private byte[] header() {
        String own = "{\"kind\":\"header\"";
        if (seq == recoveredSeq && recovery.tornBytes() > 0) {
            own +=
                    ",\"torn\":{\"bytes\":%d,\"lines\":%d}"
                            .formatted(recovery.tornBytes(), recovery.tornLines());
        }
        byte[] fields = headerFields.get();
        if (fields.length <= 2) {
            return LineForm.ascii(own + "}");
        }
        byte[] start = LineForm.ascii(own + ",");
        byte[] header = Arrays.copyOf(start, start.length + fields.length - 1);
        System.arraycopy(fields, 1, header, start.length, fields.length - 1);
        requireObject(header, header.length);
        return header;
    }

    private void write(byte[] object, int objectBytes) throws IOException {
        int maxBytes = form.maxBytes(objectBytes);
        if (line.length < maxBytes) {
            line = new byte[Math.max(maxBytes, Math.min(2 * line.length, LineForm.MAX_LINE_BYTES))];
        }
        int bytes = form.write(line, seq + 1, hash, object, objectBytes);
        requireNonNull(file).writeFully(ByteBuffer.wrap(line, 0, bytes));
        if (segmentBytes == acknowledgedBytes) {
            waitingSinceNanos = ticker.nanos();
        }
        form.hash(line, 0, bytes - 1, hash);
        seq++;
        segmentBytes += bytes;
    }

    private boolean isSyncDue() {
        return switch (settings.sync()) {
            case ALWAYS -> true;
            case INTERVAL -> segmentBytes - acknowledgedBytes >= settings.syncBytes() || isLate();
            case NEVER -> false;
        };
    }

    private boolean isLate() {
        return ticker.nanos() - waitingSinceNanos >= settings.syncIntervalNanos();
    }

    /** For {@link Sync#INTERVAL}: forces what has waited long enough. To be called while idle. */
    public void syncIfDue() throws IOException {
        if (retiredBy == null && seq > acknowledgedSeq && isSyncDue()) {
            sync();
        }
    }

    /**
     * Forces all lines appended so far and acknowledges them.
     *
     * @throws IOException if that failed; the segment is retired, and what was not acknowledged
     *     before is lost
     */
    public void sync() throws IOException {
        if (retiredBy != null) {
            throw new IOException("the segment is retired", retiredBy);
        }
        DurableFile open = file;
        if (open == null) {
            return;
        }
        try {
            open.force();
            if (!isNameCertain) {
                layout.syncNames(files, folder, requireNonNull(segment));
                isNameCertain = true;
            }
        } catch (IOException e) {
            retire(e);
            forgetUnacknowledged();
            throw e;
        }
        acknowledge();
    }

    private void acknowledge() {
        acknowledgedBytes = segmentBytes;
        System.arraycopy(hash, 0, acknowledgedHash, 0, hash.length);
        unacknowledgedLines = 0;
        acknowledgedSeq = seq;
    }

    private void retire(IOException cause) {
        retiredBy = cause;
        closeQuietly(file);
        file = null;
    }

    private void forgetUnacknowledged() {
        seq = acknowledgedSeq;
        System.arraycopy(acknowledgedHash, 0, hash, 0, hash.length);
        segmentBytes = acknowledgedBytes;
        long lostBefore = lostLines;
        lostLines = lostBefore + unacknowledgedLines;
        unacknowledgedLines = 0;
    }

    /** Whether a failure has retired the segment, so that nothing can be appended. */
    public boolean isRetired() {
        return retiredBy != null;
    }

    /**
     * Cuts the retired segment to what is certain; the next line begins a new one. Nothing if none
     * is retired.
     *
     * @throws IOException if the disk still refuses; it may be tried again
     */
    public void reopen() throws IOException {
        if (retiredBy == null) {
            return;
        }
        if (!isMended) {
            mendAgain();
        }
        next = null;
        if (segment == null) {
            // It could not even be made.
            retiredBy = null;
            return;
        }
        if (segmentBytes == 0) {
            files.delete(segment.file());
            files.syncFolder(segment.folder());
            segment = null;
        } else {
            cut(segment);
        }
        retiredBy = null;
        acknowledge();
    }

    private void mendAgain() throws IOException {
        Head head = recovery.scan();
        if (!head.equals(head())) {
            throw new IOException("the chain ends at " + head + " now, and not at " + head());
        }
        recovery.mend();
        isMended = true;
    }

    private void cut(Segment retired) throws IOException {
        try (DurableFile again = files.open(retired.file())) {
            again.truncate(segmentBytes);
            again.force();
            layout.syncNames(files, folder, retired);
        } catch (IOException e) {
            forgetUnacknowledged();
            throw e;
        }
    }

    /** Ends the segment, forced whatever the settings are; the next line begins a new one. */
    public void roll() throws IOException {
        sync();
        closeQuietly(file);
        file = null;
    }

    /** The bytes in the segment that is being written; 0 if none is. */
    public long segmentBytes() {
        return file == null ? 0 : segmentBytes;
    }

    /** The last line that is certain to survive; 0 if none is. */
    public long acknowledgedSeq() {
        return acknowledgedSeq;
    }

    /** Lines that {@link #append} took and that a failed force lost. */
    public long lostLines() {
        return lostLines;
    }

    /** The last acknowledged line. */
    public Head head() {
        return new Head(acknowledgedSeq, new String(acknowledgedHash, US_ASCII));
    }

    /** Forces and closes the segment. */
    @Override
    public void close() throws IOException {
        if (retiredBy == null) {
            roll();
        }
    }

    private static void closeQuietly(@Nullable Closeable open) {
        try {
            if (open != null) {
                open.close();
            }
        } catch (IOException e) {
            // It was forced or is given up; closing adds nothing to that.
        }
    }
}
