package dev.penstock.admin;

import static dev.penstock.runtime.Check.require;

import dev.penstock.journal.ChainCheck;
import dev.penstock.journal.DurableFiles;
import dev.penstock.journal.Head;
import dev.penstock.journal.Journal;
import dev.penstock.runtime.Ticker;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who changed what, from where, when and why: written down, and on the disk, before the change
 * takes effect.
 *
 * <p>A change is an intent, then an outcome that names it. A change whose intent cannot be kept
 * must not be made; an outcome that cannot be kept is held back, and written before the next
 * intent. A process that ends in between leaves an intent without outcome, which the next start
 * finds in {@link #unfinished} and completes from the control store. A reading of what is guarded
 * is one line, without an outcome. Safe for any thread.
 */
public final class AuditLog implements AuditTrail, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AuditLog.class);
    private static final long SEGMENT_BYTES = 16L << 20;

    // Reading is a matter of patience; several at once would be one of memory.
    private static final int MAX_SEARCHES = 2;

    private final Semaphore searches = new Semaphore(MAX_SEARCHES, true);
    private final DurableFiles files;
    private final Path folder;
    private final InstantSource clock;
    private final String writer;
    private final AuditReader reader;
    private final Journal journal;
    // By seq of the intent. What is held has an outcome that is not on the disk yet.
    private final TreeSet<Long> open = new TreeSet<>();
    private final Map<Long, AuditEntry.Outcome> held = new LinkedHashMap<>();
    private final List<Long> left;

    private AuditLog(
            DurableFiles files, Path folder, String writer, InstantSource clock, Ticker ticker)
            throws IOException {
        this.files = files;
        this.folder = folder;
        this.clock = clock;
        this.writer = writer;
        this.reader = new AuditReader(files, folder, writer);
        this.journal =
                Journal.open(
                        files,
                        folder,
                        Journal.Settings.always(writer),
                        ticker,
                        () -> AuditLine.header(open));
        open.addAll(reader.openAtEnd());
        this.left = List.copyOf(open);
    }

    /**
     * Opens the log in a folder, which is made if it is not there, and mends what a crash left.
     *
     * @param node this node's name; a log that is there goes on under the name that it has
     * @throws IOException if the folder cannot be read or written
     */
    public static AuditLog open(
            DurableFiles files, Path folder, String node, InstantSource clock, Ticker ticker)
            throws IOException {
        List<String> writers = ChainCheck.writers(files, folder);
        String writer = writers.size() == 1 ? writers.getFirst() : node;
        return new AuditLog(files, folder, writer, clock, ticker);
    }

    /**
     * Puts a change that is about to be made on the disk.
     *
     * @return what {@link #applied} and {@link #refused} name it by
     * @throws IOException if it could not be kept: the change must not be made. The next call tries
     *     to write to a new file.
     */
    @Override
    public synchronized long intent(AuditChange change) throws IOException {
        long seq = append(AuditLine.intent(change, clock.instant()));
        open.add(seq);
        return seq;
    }

    @Override
    public synchronized void reading(AuditChange what) throws IOException {
        append(AuditLine.reading(what, clock.instant()));
    }

    private long append(byte[] line) throws IOException {
        mend();
        if (journal.segmentBytes() >= SEGMENT_BYTES) {
            journal.roll();
        }
        return journal.append(line);
    }

    /**
     * The change is in force.
     *
     * @param intent what {@link #intent} returned, or an {@link #unfinished} entry's seq
     * @param revision that it made
     */
    @Override
    public void applied(long intent, long revision) {
        outcome(
                intent,
                new AuditEntry.Outcome(clock.instant().toString(), "applied", revision, null));
    }

    /** The change was not made. */
    @Override
    public void refused(long intent, String reason) {
        outcome(
                intent,
                new AuditEntry.Outcome(clock.instant().toString(), "refused", null, reason));
    }

    private synchronized void outcome(long intent, AuditEntry.Outcome became) {
        require(open.contains(intent), "intent %d is not open", intent);
        require(held.putIfAbsent(intent, became) == null, "intent %d has its outcome", intent);
        try {
            mend();
        } catch (IOException e) {
            LOG.error(
                    "outcome of intent {} is held back, the audit log fails: {}",
                    intent,
                    e.toString());
        }
    }

    /** Gets the log going after a failure, and writes what was held back. */
    private void mend() throws IOException {
        journal.reopen();
        while (!held.isEmpty()) {
            var next = held.entrySet().iterator().next();
            journal.append(AuditLine.outcome(next.getKey(), next.getValue()));
            held.remove(next.getKey());
            open.remove(next.getKey());
        }
    }

    /** The intents of earlier lives of this log that still have no outcome, the oldest first. */
    public synchronized List<AuditEntry> unfinished() throws IOException {
        TreeSet<Long> still = new TreeSet<>(left);
        still.retainAll(open);
        still.removeAll(held.keySet());
        return reader.entries(still);
    }

    /**
     * Whether the last write failed, so that the next change is refused unless the disk is well.
     */
    public synchronized boolean isFailing() {
        return journal.isRetired() || !held.isEmpty();
    }

    /**
     * Entries, the newest first; a page ends early when its entries are large. Waits while others
     * search.
     *
     * @param before cursor: only entries of a smaller seq; {@link Long#MAX_VALUE} begins
     * @param limit the most entries on the page
     */
    public AuditPage find(AuditFilter filter, long before, int limit) throws IOException {
        require(limit >= 1, "limit is %d, must be at least 1", limit);
        // A line that was refused may still be in the file for a moment.
        searches.acquireUninterruptibly();
        try {
            return reader.find(filter, before, limit, journal.acknowledgedSeq());
        } finally {
            searches.release();
        }
    }

    /** The end of the chain; kept elsewhere, it proves later that nothing before it was changed. */
    public synchronized Head head() {
        return journal.head();
    }

    /** Follows the chain from its first line to what is written now. */
    public ChainCheck.Result verify() throws IOException {
        searches.acquireUninterruptibly();
        try {
            return ChainCheck.verify(files, folder, writer, head());
        } finally {
            searches.release();
        }
    }

    /** Writes what was held back, if the disk lets it, and closes the file. */
    @Override
    public synchronized void close() throws IOException {
        if (isFailing()) {
            mend();
        }
        journal.close();
    }
}
