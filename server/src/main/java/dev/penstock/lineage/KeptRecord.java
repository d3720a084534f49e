package dev.penstock.lineage;

import dev.penstock.inference.PredictionId;
import dev.penstock.lineage.TensorText.LargeValue;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A record on its way to the log, with the one of its shadow.
 *
 * @param why the set of reasons that keep it
 */
record KeptRecord(CounterRow row, PredictionId id, int why, Line primary, @Nullable Line shadow) {
    /** One line's text, and what stands beside it. */
    static final class Line {
        private final byte[] json;
        private final List<LargeValue> large;

        Line(byte[] json, List<LargeValue> large) {
            this.json = json;
            this.large = large;
        }

        byte[] json() {
            return json;
        }

        List<LargeValue> large() {
            return large;
        }

        long bytes() {
            long bytes = json.length;
            for (int i = 0; i < large.size(); i++) {
                bytes += large.get(i).bytes().limit();
            }
            return bytes;
        }
    }

    long bytes() {
        return primary.bytes() + (shadow == null ? 0 : shadow.bytes());
    }
}
