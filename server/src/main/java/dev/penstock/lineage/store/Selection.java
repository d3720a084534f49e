package dev.penstock.lineage.store;

import static dev.penstock.runtime.Check.require;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which records are looked for; what is null or empty lets all through.
 *
 * @param fromMillis the earliest time of a record, in milliseconds since 1970
 * @param toMillis the first time after
 * @param model its name
 * @param version its number
 * @param arm as in the record, such as {@code stable} or {@code canary:b}
 * @param kinds {@code primary}, {@code shadow}
 * @param crid the caller's own id
 * @param code of the outcome, as in {@code st.code}
 * @param minLatMicros the least that {@code lat.total} is
 * @param where conditions that must all hold
 * @param newestFirst against the order of the chain
 */
public record Selection(
        long fromMillis,
        long toMillis,
        @Nullable String model,
        @Nullable Integer version,
        @Nullable String arm,
        Set<String> kinds,
        @Nullable String crid,
        @Nullable String code,
        long minLatMicros,
        List<Where> where,
        boolean newestFirst) {
    /** The last millisecond of which the microseconds still are a long. */
    static final long MAX_MILLIS = Long.MAX_VALUE / 1000;

    /** Every record, in the order of the chain. */
    public static final Selection ALL =
            new Selection(
                    0, MAX_MILLIS, null, null, null, Set.of(), null, null, 0, List.of(), false);

    public Selection {
        require(
                fromMillis >= 0 && fromMillis <= toMillis && toMillis <= MAX_MILLIS,
                "a range from %d to %d",
                fromMillis,
                toMillis);
        kinds = Set.copyOf(kinds);
        where = List.copyOf(where);
    }

    /** Whether a record of a segment with these times, in microseconds, may be selected. */
    boolean mayHold(long firstTs, long lastTs) {
        return lastTs >= fromMillis * 1000 && firstTs < toMillis * 1000;
    }
}
