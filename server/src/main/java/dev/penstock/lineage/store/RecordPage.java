package dev.penstock.lineage.store;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Records of one search, in its order.
 *
 * @param next where the search goes on; null when there is nothing more
 * @param scannedLines lines that were read for this page
 * @param isComplete false when the page ended because enough was read, not because it was full or
 *     the log at its end
 */
public record RecordPage(
        List<StoredRecord> records, @Nullable String next, long scannedLines, boolean isComplete) {
    public RecordPage {
        records = List.copyOf(records);
    }
}
