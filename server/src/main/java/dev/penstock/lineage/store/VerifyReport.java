package dev.penstock.lineage.store;

import dev.penstock.journal.Head;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the check of a lineage log came to.
 *
 * @param faults the first of each segment
 * @param head the end of the chain, to be noted outside of the machine
 * @param sealedSegments with lines, manifest and signature
 * @param openSegments that are written, or wait to be sealed
 * @param removedSegments of which retention has left the manifest
 * @param lines that were read
 * @param records among them
 * @param keyId of the public key; null if none was found, so that no signature was checked
 * @param expected what became of each id that was expected
 * @param notes what is no fault and yet to be known
 */
public record VerifyReport(
        List<Fault> faults,
        Head head,
        int sealedSegments,
        int openSegments,
        int removedSegments,
        long lines,
        long records,
        @Nullable String keyId,
        List<ExpectedId> expected,
        List<String> notes) {
    /**
     * Something is not as it was written.
     *
     * @param line in the file, from 1; 0 when the file itself is at fault
     */
    public record Fault(Path file, long line, String reason) {
        @Override
        public String toString() {
            return file + (line > 0 ? ": line " + line : "") + ": " + reason;
        }
    }

    /** What became of an id that was expected. */
    public enum Fate {
        /** Its record is in the log. */
        FOUND,
        /** Its position is not below the head rate: it need not have been kept. */
        NOT_SAMPLED,
        /** A trailer lists it among those that found no room. */
        SKIPPED,
        /** Its segment lists not all that it skipped, or was not ended in order. */
        UNCERTAIN,
        /** Retention has removed the records of its time. */
        REMOVED,
        /** No head rate is known of its time, or it is no prediction id. */
        UNKNOWN,
        /** It had to be kept, and is not there. */
        MISSING
    }

    /**
     * An id that was expected.
     *
     * @param u its position between 0 and 1
     * @param minRate the least head rate that may have been in force; 0 if none is known
     */
    public record ExpectedId(String id, Fate fate, double u, double minRate) {}

    public VerifyReport {
        faults = List.copyOf(faults);
        expected = List.copyOf(expected);
        notes = List.copyOf(notes);
    }

    /** Whether there is no fault, and no expected id is missing. */
    public boolean isSound() {
        return faults.isEmpty() && expected.stream().noneMatch(e -> e.fate() == Fate.MISSING);
    }
}
