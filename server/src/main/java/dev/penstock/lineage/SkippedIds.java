package dev.penstock.lineage;

import dev.penstock.inference.PredictionId;
import dev.penstock.runtime.TextBuffer;

/**
 * The predictions of the share of everything whose records there was no room for, so that a gap is
 * explained and not merely counted. Any thread.
 */
final class SkippedIds {
    static final int CAPACITY = 10_000;

    private PredictionId[] ids = new PredictionId[64];
    private int count;
    private long more;

    synchronized void add(PredictionId id) {
        if (count == CAPACITY) {
            more++;
            return;
        }
        if (count == ids.length) {
            ids = java.util.Arrays.copyOf(ids, Math.min(CAPACITY, 2 * count));
        }
        ids[count++] = id;
    }

    /** Writes them as a JSON object, and forgets them. */
    synchronized void drain(TextBuffer out) {
        out.ascii("{\"rids\":[");
        for (int i = 0; i < count; i++) {
            out.ascii(i == 0 ? "\"" : ",\"");
            ids[i].write(out.room(PredictionId.LENGTH), out.size());
            out.skip(PredictionId.LENGTH);
            out.put('"');
        }
        out.ascii("],\"more\":");
        out.number(more);
        out.put('}');
        count = 0;
        more = 0;
    }
}
