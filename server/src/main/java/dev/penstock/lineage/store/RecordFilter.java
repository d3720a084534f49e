package dev.penstock.lineage.store;

import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Whether a record is one that a selection wants. */
final class RecordFilter {
    private final Selection wanted;

    RecordFilter(Selection wanted) {
        this.wanted = wanted;
    }

    boolean takes(StoredRecord record) throws IOException {
        JsonNode tree = record.tree();
        long ts = tree.path("ts").asLong(-1);
        if (ts < wanted.fromMillis() * 1000 || ts >= wanted.toMillis() * 1000) {
            return false;
        }
        if (!wanted.kinds().isEmpty() && !wanted.kinds().contains(tree.path("kind").asString(""))) {
            return false;
        }
        Integer version = wanted.version();
        return is(tree.path("model").path("name"), wanted.model())
                && (version == null || tree.path("model").path("version").asLong(-1) == version)
                && is(tree.path("route").path("arm"), wanted.arm())
                && is(tree.path("crid"), wanted.crid())
                && is(tree.path("st").path("code"), wanted.code())
                && tree.path("lat").path("total").asLong(0) >= wanted.minLatMicros()
                && wanted.where().stream().allMatch(where -> where.holds(tree));
    }

    private static boolean is(JsonNode value, @Nullable String wanted) {
        return wanted == null || (value.isString() && Objects.equals(value.asString(), wanted));
    }
}
