package dev.penstock.admin;

import dev.penstock.journal.DurableFiles;
import dev.penstock.journal.JournalLine;
import dev.penstock.journal.JournalReader;
import dev.penstock.journal.Segment;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Reads the segments of an audit log, also while it is written. An outcome may stand in a later
 * segment than its intent; the headers, which list the intents that were open, tell how far to
 * look.
 */
final class AuditReader {
    // A search reads at most these before it answers, so that one request has a bound.
    private static final int MAX_SEGMENTS = 8;
    // And gives at most so much, but for the last entry: documents may be large.
    private static final long MAX_PAGE_BYTES = 8L << 20;

    private final DurableFiles files;
    private final Path folder;
    private final String writer;

    AuditReader(DurableFiles files, Path folder, String writer) {
        this.files = files;
        this.folder = folder;
        this.writer = writer;
    }

    private interface Visitor {
        /** False ends the visit. */
        boolean visit(long seq, AuditLine line, int bytes);
    }

    /** The newest entries of a segment that is read from its oldest. */
    private static final class Newest {
        private final int max;
        private final long maxBytes;
        private final Deque<AuditEntry> entries = new ArrayDeque<>();
        private final Deque<Integer> sizes = new ArrayDeque<>();
        private final Map<Long, AuditEntry.Outcome> outcomes = new HashMap<>();
        private long bytes;
        private boolean isCut;

        Newest(int max, long maxBytes) {
            this.max = max;
            this.maxBytes = maxBytes;
        }

        void add(AuditEntry entry, int size) {
            entries.addFirst(entry);
            sizes.addFirst(size);
            bytes += size;
            while (entries.size() > max || (bytes > maxBytes && entries.size() > 1)) {
                isCut |= entries.size() <= max;
                entries.removeLast();
                bytes -= sizes.removeLast();
            }
        }
    }

    private void visit(Segment segment, Visitor visitor) throws IOException {
        try (JournalReader lines = JournalReader.open(files, segment)) {
            for (JournalLine line = lines.next(); line != null; line = lines.next()) {
                byte[] bytes = line.bytes();
                if (!visitor.visit(line.seq(), AuditLine.read(line.seq(), bytes), bytes.length)) {
                    return;
                }
            }
        }
    }

    /** The intents without an outcome at the end of the log. */
    Set<Long> openAtEnd() throws IOException {
        TreeSet<Long> open = new TreeSet<>();
        List<Segment> segments = Segment.list(files, folder, writer);
        if (!segments.isEmpty()) {
            visit(
                    segments.getLast(),
                    (seq, line, bytes) -> {
                        follow(open, seq, line);
                        return true;
                    });
        }
        return open;
    }

    private static void follow(Set<Long> open, long seq, AuditLine line) {
        switch (line) {
            case AuditLine.Header header -> open.addAll(header.open());
            case AuditLine.Intent intent -> open.add(seq);
            case AuditLine.Outcome outcome -> open.remove(outcome.intent());
            case AuditLine.Reading reading -> {}
            case AuditLine.Unknown unknown -> {}
        }
    }

    /** The entries of these seqs, without their outcomes. */
    List<AuditEntry> entries(Collection<Long> seqs) throws IOException {
        List<AuditEntry> entries = new ArrayList<>();
        TreeSet<Long> wanted = new TreeSet<>(seqs);
        List<Segment> segments = Segment.list(files, folder, writer);
        for (int i = 0; i < segments.size() && !wanted.isEmpty(); i++) {
            boolean isLast = i == segments.size() - 1;
            long end = isLast ? Long.MAX_VALUE : segments.get(i + 1).firstSeq();
            if (wanted.headSet(end).isEmpty()) {
                continue;
            }
            visit(
                    segments.get(i),
                    (seq, line, bytes) -> {
                        if (wanted.remove(seq) && line instanceof AuditLine.Intent intent) {
                            entries.add(intent.entry());
                        }
                        return !wanted.headSet(end).isEmpty();
                    });
        }
        return entries;
    }

    /**
     * The newest entries of a smaller seq than {@code before}; lines after lastSeq do not count.
     */
    AuditPage find(AuditFilter filter, long before, int limit, long lastSeq) throws IOException {
        List<Segment> segments = Segment.list(files, folder, writer);
        List<AuditEntry> found = new ArrayList<>();
        int read = 0;
        long bytes = 0;
        for (int i = segments.size() - 1; i >= 0; i--) {
            Segment segment = segments.get(i);
            if (segment.firstSeq() >= before) {
                continue;
            }
            if (read++ == MAX_SEGMENTS) {
                return new AuditPage(found, segments.get(i + 1).firstSeq());
            }
            if (bytes >= MAX_PAGE_BYTES) {
                return new AuditPage(found, found.getLast().seq());
            }
            Newest newest = new Newest(limit - found.size() + 1, MAX_PAGE_BYTES - bytes);
            match(segments.get(i), filter, before, lastSeq, newest);
            bytes += newest.bytes;
            for (AuditEntry entry : complete(segments, i, newest, lastSeq)) {
                if (found.size() == limit) {
                    return new AuditPage(found, found.getLast().seq());
                }
                found.add(entry);
            }
            if (newest.isCut) {
                return new AuditPage(found, found.getLast().seq());
            }
        }
        return new AuditPage(found, null);
    }

    private void match(
            Segment segment, AuditFilter filter, long before, long lastSeq, Newest newest)
            throws IOException {
        visit(
                segment,
                (seq, line, bytes) -> {
                    if (seq > lastSeq) {
                        return false;
                    }
                    if (line instanceof AuditLine.Outcome outcome) {
                        newest.outcomes.put(outcome.intent(), outcome.became());
                    }
                    AuditEntry entry = entry(line);
                    if (seq < before && entry != null && filter.takes(entry)) {
                        newest.add(entry, bytes);
                    }
                    return true;
                });
    }

    private static @Nullable AuditEntry entry(AuditLine line) {
        return switch (line) {
            case AuditLine.Intent intent -> intent.entry();
            case AuditLine.Reading reading -> reading.entry();
            case AuditLine.Header header -> null;
            case AuditLine.Outcome outcome -> null;
            case AuditLine.Unknown unknown -> null;
        };
    }

    /** The entries with their outcomes, the newest first. */
    private Deque<AuditEntry> complete(List<Segment> segments, int at, Newest newest, long lastSeq)
            throws IOException {
        Deque<AuditEntry> complete = new ArrayDeque<>();
        for (AuditEntry entry : newest.entries) {
            AuditEntry.Outcome became = newest.outcomes.get(entry.seq());
            if (became == null && entry.outcome() == null) {
                became = outcomeAfter(segments, at, entry.seq(), lastSeq);
            }
            complete.addLast(became == null ? entry : entry.with(became));
        }
        return complete;
    }

    private AuditEntry.@Nullable Outcome outcomeAfter(
            List<Segment> segments, int at, long intent, long lastSeq) throws IOException {
        for (int i = at + 1; i < segments.size(); i++) {
            Search search = new Search(intent, lastSeq);
            visit(segments.get(i), search);
            if (search.found != null || !search.isOpen) {
                return search.found;
            }
        }
        return null;
    }

    /** Looks for one intent's outcome in a segment whose header says that it was open. */
    private static final class Search implements Visitor {
        private final long intent;
        private final long lastSeq;
        private boolean isOpen;
        private AuditEntry.@Nullable Outcome found;

        Search(long intent, long lastSeq) {
            this.intent = intent;
            this.lastSeq = lastSeq;
        }

        @Override
        public boolean visit(long seq, AuditLine line, int bytes) {
            if (seq > lastSeq) {
                return false;
            }
            if (line instanceof AuditLine.Header header) {
                isOpen = header.open().contains(intent);
                return isOpen;
            }
            if (line instanceof AuditLine.Outcome outcome && outcome.intent() == intent) {
                found = outcome.became();
                return false;
            }
            return true;
        }
    }
}
