package dev.penstock.lineage.store;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/**
 * The files of one segment: all in the folder of the UTC day that it was begun, and all named by
 * its stem, {@code <writer>-<first seq>}.
 *
 * @param day the folder, {@code dt=YYYY-MM-DD}
 * @param writer the node's name
 * @param firstSeq of its header
 * @param present the files that were there when the folder was listed
 */
public record SegmentFiles(Path day, String writer, long firstSeq, Set<Part> present) {
    /** One file of a segment. */
    public enum Part {
        /** Its lines while it is written, and until it is sealed. */
        OPEN(".open.jsonl"),
        /** Its lines once sealed: gzip members of whole lines. */
        LINES(".jsonl.gz"),
        MANIFEST(".manifest.json"),
        SIGNATURE(".sig"),
        INDEX(".idx"),
        /** Tensors too large for a line. */
        BLOBS(".blobs");

        private final String suffix;

        Part(String suffix) {
            this.suffix = suffix;
        }

        /** What follows the stem in the file's name. */
        public String suffix() {
            return suffix;
        }
    }

    private static final Set<Part> SEALED =
            Set.copyOf(EnumSet.of(Part.LINES, Part.MANIFEST, Part.SIGNATURE));

    public SegmentFiles {
        present = Set.copyOf(present);
    }

    /** The name that its files share. */
    public String stem() {
        return String.format(Locale.ROOT, "%s-%012d", writer, firstSeq);
    }

    /** Where a file of it is, or would be. */
    public Path file(Part part) {
        return day.resolve(stem() + part.suffix());
    }

    /** Where the nth tail goes that is cut from its open file, from 0. */
    public Path tornFile(int n) {
        return day.resolve(stem() + Part.OPEN.suffix() + ".torn" + (n == 0 ? "" : "." + n));
    }

    /** Whether a file of it was there. */
    public boolean has(Part part) {
        return present.contains(part);
    }

    /**
     * Whether it is sealed: lines, manifest and signature are there. A crash may leave the open
     * file beside them, which then holds the same lines.
     */
    public boolean isSealed() {
        return present.containsAll(SEALED);
    }

    /** Whether its lines are in the open file alone, whatever else sealing has begun to write. */
    public boolean isOpen() {
        return has(Part.OPEN) && !isSealed();
    }

    /** Whether its lines are gone and its manifest is left, as retention leaves it. */
    public boolean isRemoved() {
        return has(Part.MANIFEST) && !has(Part.LINES) && !has(Part.OPEN);
    }
}
