package dev.penstock.lineage.store;

import static java.util.Objects.requireNonNull;

import dev.penstock.journal.DurableFiles;
import dev.penstock.journal.Head;
import dev.penstock.journal.LineScanner;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Checks a lineage log from its files alone, beside a server or without one: every line, link,
 * digest, count and signature.
 *
 * <p>Whoever has the machine and the key can write another log that is sound in itself, and whoever
 * can write files can cut lines off its end. A {@link Head} that was noted elsewhere shows both, as
 * does a list of ids that must be there.
 */
public final class LineageVerifier {
    private static final int MAX_TRIES = 4;

    /**
     * What a log is checked against.
     *
     * @param publicKey a PEM file; null for the one in the folder {@code keys} beside the log's
     * @param head a head that the chain must hold, at its end or before; null if none is known
     * @param ids that may have to be there; each may be followed by a space and its model's name
     */
    public record Expectation(@Nullable Path publicKey, @Nullable Head head, Set<String> ids) {
        public static final Expectation NONE = new Expectation(null, null, Set.of());

        public Expectation {
            ids = Set.copyOf(ids);
        }
    }

    /** Is told how far the check has come. */
    @FunctionalInterface
    public interface Progress {
        /** A segment is done. */
        void done(String segment, int segments, int of);
    }

    private final DurableFiles files;
    private final LogFolder folder;
    private final @Nullable Head anchor;
    private final @Nullable VerifyKey key;
    private final ExpectedIds expected;
    private final List<VerifyReport.Fault> faults = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    private final ManifestChain manifests;

    private @Nullable Head head = Head.START;
    private Head end = Head.START;
    private boolean isAnchorMet;
    private int sealed;
    private int open;
    private int removed;
    private long lines;
    private long records;

    private LineageVerifier(
            DurableFiles files,
            LogFolder folder,
            Expectation expectation,
            @Nullable VerifyKey key) {
        this.files = files;
        this.folder = folder;
        this.anchor = expectation.head();
        this.key = key;
        this.expected = new ExpectedIds(expectation.ids());
        this.manifests = new ManifestChain(files, key);
    }

    /**
     * Checks the log in a folder.
     *
     * @throws IOException if it cannot be read, holds no log or several, or a given key is not
     *     there
     */
    public static VerifyReport verify(
            DurableFiles files, Path folder, Expectation expectation, Progress progress)
            throws IOException {
        VerifyKey key = key(files, folder, expectation.publicKey());
        LineageVerifier verifier =
                new LineageVerifier(files, new LogFolder(files, folder), expectation, key);
        return verifier.verify(progress);
    }

    private static @Nullable VerifyKey key(DurableFiles files, Path folder, @Nullable Path given)
            throws IOException {
        if (given != null) {
            return VerifyKey.read(files, given);
        }
        Path keys = folder.resolveSibling("keys").resolve(SigningKey.PUBLIC_FILE);
        try {
            return VerifyKey.read(files, keys);
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    private List<SegmentFiles> list() throws IOException {
        List<SegmentFiles> segments = folder.list();
        List<String> writers = segments.stream().map(SegmentFiles::writer).distinct().toList();
        if (writers.size() != 1) {
            throw new IOException(
                    writers.isEmpty()
                            ? "no lineage log in " + folder.path()
                            : folder.path() + " holds the logs of " + String.join(", ", writers));
        }
        return segments;
    }

    private VerifyReport verify(Progress progress) throws IOException {
        List<SegmentFiles> segments = list();
        begin(segments.getFirst());
        for (int i = 0; i < segments.size(); i++) {
            check(segments.get(i), i == segments.size() - 1);
            progress.done(segments.get(i).stem(), i + 1, segments.size());
        }
        endWithAnchor(segments.getLast());
        if (key == null) {
            notes.add("no public key: no signature was checked");
        }
        return new VerifyReport(
                faults,
                end,
                sealed,
                open,
                removed,
                lines,
                records,
                key == null ? null : key.id(),
                expected.fates(),
                notes);
    }

    private void begin(SegmentFiles first) {
        if (first.firstSeq() != 1) {
            head = null;
            notes.add(
                    "the log begins with seq "
                            + first.firstSeq()
                            + ": nothing is left of what was before");
        }
    }

    private void endWithAnchor(SegmentFiles last) {
        if (anchor == null || isAnchorMet || anchor.seq() == 0) {
            return;
        }
        if (anchor.seq() > end.seq()) {
            faults.add(
                    new VerifyReport.Fault(
                            last.day().resolve(last.stem()),
                            0,
                            "the chain ends at seq %d, and the expected head is %d"
                                    .formatted(end.seq(), anchor.seq())));
        } else {
            notes.add("the expected head lies in lines that are not there to be compared");
        }
    }

    /** Checks one segment; sealing or retention may take its files away meanwhile. */
    private void check(SegmentFiles listed, boolean isNewest) throws IOException {
        SegmentFiles segment = listed;
        int faultsBefore = faults.size();
        for (int tries = 1; ; tries++) {
            try {
                checkOnce(segment, isNewest);
                return;
            } catch (NoSuchFileException e) {
                if (tries == MAX_TRIES) {
                    throw e;
                }
                faults.subList(faultsBefore, faults.size()).clear();
                segment = again(segment);
            }
        }
    }

    private SegmentFiles again(SegmentFiles segment) throws IOException {
        for (SegmentFiles now : folder.list()) {
            if (now.stem().equals(segment.stem())) {
                return now;
            }
        }
        return segment;
    }

    private void checkOnce(SegmentFiles segment, boolean isNewest) throws IOException {
        Head now = head;
        Head before = now != null && now.seq() + 1 == segment.firstSeq() ? now : null;
        if (now != null && before == null) {
            fault(
                    segment.day().resolve(segment.stem()),
                    0,
                    "the segment begins with seq %d, and the chain before it ends with %d"
                            .formatted(segment.firstSeq(), now.seq()));
            // What follows is still worth checking by itself; this is the segment's first fault.
        }
        if (segment.isSealed() || segment.isRemoved()) {
            checkSealed(segment, before, now != null && before == null);
        } else if (segment.isOpen()) {
            checkOpen(segment, before, isNewest);
        } else if (!segment.present().equals(Set.of(SegmentFiles.Part.BLOBS))) {
            fault(
                    segment.day().resolve(segment.stem()),
                    0,
                    "of a sealed segment lines, manifest or signature are missing");
            head = null;
        }
    }

    private void fault(Path file, long line, String reason) {
        faults.add(new VerifyReport.Fault(file, line, reason));
    }

    private void checkSealed(SegmentFiles segment, @Nullable Head before, boolean isAtFault)
            throws IOException {
        Path file = segment.file(SegmentFiles.Part.MANIFEST);
        byte[] bytes = WholeFile.read(files, file);
        Manifest manifest;
        try {
            manifest = Manifest.parse(bytes);
        } catch (IOException e) {
            fault(file, 0, String.valueOf(e.getMessage()));
            head = null;
            manifests.lose();
            return;
        }
        String reason = manifests.fault(segment, manifest, bytes, before);
        if (reason != null && !isAtFault) {
            fault(file, 0, reason);
        }
        if (segment.isRemoved()) {
            removed++;
            expected.removed(manifest);
            meetAnchor(file, manifest);
        } else {
            checkLines(segment, manifest, before, reason != null || isAtFault);
            sealed++;
        }
        manifests.add(manifest, bytes);
        expected.rates(manifest.rates());
        head = new Head(manifest.lastSeq(), manifest.lastSha256());
        end = requireNonNull(head);
    }

    /** A removed segment has only its last line's digest to compare. */
    private void meetAnchor(Path file, Manifest manifest) {
        if (anchor == null || anchor.seq() != manifest.lastSeq()) {
            return;
        }
        isAnchorMet = true;
        if (!anchor.sha256().equals(manifest.lastSha256())) {
            fault(file, 0, "the last line is not the expected head");
        }
    }

    private void checkLines(
            SegmentFiles segment, Manifest manifest, @Nullable Head before, boolean isAtFault)
            throws IOException {
        Path file = segment.file(SegmentFiles.Part.LINES);
        SegmentCheck check = new SegmentCheck(segment.firstSeq(), before, anchor, expected::found);
        VerifyReport.Fault fault = null;
        try (InputStream in = files.read(file)) {
            SealedLines.walk(in, segment.writer(), check);
            fault = sealedFault(segment, manifest, check);
        } catch (NoSuchFileException e) {
            throw e;
        } catch (LineFault e) {
            fault = new VerifyReport.Fault(file, e.line(), e.reason());
        } catch (IOException e) {
            fault = new VerifyReport.Fault(file, 0, String.valueOf(e.getMessage()));
        }
        if (fault != null && !isAtFault) {
            faults.add(fault);
        }
        count(check);
        expected.ended(manifest, check.trailer());
    }

    private VerifyReport.@Nullable Fault sealedFault(
            SegmentFiles segment, Manifest manifest, SegmentCheck check) throws IOException {
        Path lines = segment.file(SegmentFiles.Part.LINES);
        String reason = check.disagreement(manifest);
        if (reason == null) {
            reason = manifests.headerFault(check);
        }
        if (reason == null
                && (files.size(lines) != manifest.gzBytes()
                        || !SegmentSeal.digest(files, segment, SegmentFiles.Part.LINES)
                                .equals(manifest.gzSha256()))) {
            reason = "its digest is not the manifest's";
        }
        if (reason != null) {
            return new VerifyReport.Fault(lines, 0, reason);
        }
        Path index = segment.file(SegmentFiles.Part.INDEX);
        if (!segment.has(SegmentFiles.Part.INDEX)) {
            return new VerifyReport.Fault(index, 0, "it is not there");
        }
        byte[] bytes = WholeFile.read(files, index);
        if (!Sha256.hex(bytes).equals(manifest.idxSha256())
                || !java.util.Arrays.equals(bytes, check.index())) {
            return new VerifyReport.Fault(index, 0, "it is not the index of the lines");
        }
        return blobFault(segment, manifest);
    }

    private VerifyReport.@Nullable Fault blobFault(SegmentFiles segment, Manifest manifest)
            throws IOException {
        Path file = segment.file(SegmentFiles.Part.BLOBS);
        Manifest.BlobFile blobs = manifest.blobs();
        if (blobs == null) {
            return null;
        }
        boolean isWhole =
                segment.has(SegmentFiles.Part.BLOBS)
                        && files.size(file) == blobs.bytes()
                        && SegmentSeal.digest(files, segment, SegmentFiles.Part.BLOBS)
                                .equals(blobs.sha256());
        return isWhole ? null : new VerifyReport.Fault(file, 0, "it is not what the manifest says");
    }

    private void count(SegmentCheck check) {
        lines += check.lines();
        records += check.records();
        isAnchorMet |=
                anchor != null
                        && check.lines() > 0
                        && anchor.seq() <= check.head().seq()
                        && anchor.seq() > check.head().seq() - check.lines();
    }

    private void checkOpen(SegmentFiles segment, @Nullable Head before, boolean isNewest)
            throws IOException {
        Path file = segment.file(SegmentFiles.Part.OPEN);
        SegmentCheck check = new SegmentCheck(segment.firstSeq(), before, anchor, expected::found);
        try (LineScanner scanner = new LineScanner(files.read(file), segment.writer())) {
            String reason = follow(scanner, check, isNewest, file);
            if (reason != null) {
                fault(file, scanner.number(), reason);
            }
        } catch (NoSuchFileException e) {
            throw e;
        } catch (LineFault e) {
            fault(file, e.line(), e.reason());
        }
        open++;
        count(check);
        expected.rates(check.rates().all());
        expected.open(check.firstTs());
        head = check.lines() == 0 ? null : check.head();
        end = check.lines() == 0 ? end : check.head();
    }

    private @Nullable String follow(
            LineScanner scanner, SegmentCheck check, boolean isNewest, Path file)
            throws IOException {
        LineScanner.Found found = scanner.next();
        for (; found == LineScanner.Found.SOUND; found = scanner.next()) {
            check.line(scanner, 0, 0);
        }
        if (found == LineScanner.Found.UNSOUND) {
            return "the line is not as it was written";
        }
        if (found == LineScanner.Found.TORN) {
            if (!isNewest) {
                return "the line is cut";
            }
            notes.add(
                    "%s ends with %d bytes of a line that is not whole"
                            .formatted(file, scanner.endOffset() - scanner.startOffset()));
        }
        return manifests.headerFault(check);
    }
}
