package dev.penstock.replay;

import dev.penstock.inference.PredictionId;
import dev.penstock.lineage.store.LineageReader;
import dev.penstock.lineage.store.RecordPage;
import dev.penstock.lineage.store.Selection;
import dev.penstock.lineage.store.StoredRecord;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Gives the records of a replay, a small page at a time.
 *
 * <p>A draw at random reads the log twice: once to draw places in the chain (Vitter's algorithm R,
 * 1985), once to give what lies there. So it holds one number a record and never the records.
 */
final class RecordSource {
    private static final int PAGE = 32;

    private final LineageReader reader;
    private final ReplayRequest request;
    private final Progress progress;

    RecordSource(LineageReader reader, ReplayRequest request, Progress progress) {
        this.reader = reader;
        this.request = request;
        this.progress = progress;
    }

    /** Takes each record; none stands for a prediction without one. */
    @FunctionalInterface
    interface Taker {
        void take(@Nullable StoredRecord record) throws IOException, InterruptedException;
    }

    private interface Each {
        /** False when no more is wanted. */
        boolean take(StoredRecord record) throws IOException, InterruptedException;
    }

    void each(Taker taker) throws IOException, InterruptedException {
        if (!request.ids().isEmpty()) {
            byId(taker);
        } else if (request.seed() == null) {
            newest(taker);
        } else {
            drawn(new Random(request.seed()), taker);
        }
    }

    private void byId(Taker taker) throws IOException, InterruptedException {
        progress.begins(Math.min(request.limit(), request.ids().size()));
        for (PredictionId id : request.ids().stream().limit(request.limit()).toList()) {
            progress.pause(0);
            StoredRecord found = null;
            for (StoredRecord record : reader.find(id)) {
                if (found == null && isWanted(record.tree())) {
                    found = record;
                }
            }
            taker.take(found);
        }
    }

    private boolean isWanted(JsonNode record) {
        String model = request.selection().model();
        return record.path("kind").asString("").equals("primary")
                && (model == null || record.path("model").path("name").asString("").equals(model));
    }

    private void newest(Taker taker) throws IOException, InterruptedException {
        progress.begins(request.limit());
        long[] given = {0};
        scan(
                request.selection(),
                record -> {
                    taker.take(record);
                    return ++given[0] < request.limit();
                });
    }

    private void drawn(Random random, Taker taker) throws IOException, InterruptedException {
        long[] places = draw(random);
        progress.begins(places.length);
        long[] given = {0};
        scan(
                request.selection(),
                record -> {
                    if (Arrays.binarySearch(places, record.seq()) >= 0) {
                        taker.take(record);
                        given[0]++;
                    }
                    return given[0] < places.length;
                });
    }

    /** Places in the chain, ascending. */
    private long[] draw(Random random) throws IOException, InterruptedException {
        long[] places = new long[request.limit()];
        long[] seen = {0};
        scan(
                request.selection(),
                record -> {
                    long at = seen[0]++;
                    long place = at < places.length ? at : random.nextLong(seen[0]);
                    if (place < places.length) {
                        places[(int) place] = record.seq();
                    }
                    return true;
                });
        long[] drawn = Arrays.copyOf(places, (int) Math.min(seen[0], places.length));
        Arrays.sort(drawn);
        return drawn;
    }

    private void scan(Selection selection, Each each) throws IOException, InterruptedException {
        String cursor = null;
        do {
            progress.pause(0);
            RecordPage page = reader.scan(selection, cursor, PAGE);
            for (StoredRecord record : page.records()) {
                if (!each.take(record)) {
                    return;
                }
            }
            cursor = page.next();
        } while (cursor != null);
    }
}
