package dev.penstock.admin;

import dev.penstock.control.Fault;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Which part of a list is wanted. A cursor names the last entry that was seen, so that a list that
 * changes in between neither repeats nor skips what stayed.
 *
 * @param limit entries of the page
 * @param after the last entry that was seen; empty at the beginning
 */
record Paging(int limit, String after) {
    static final int MAX_LIMIT = 1_000;
    private static final int DEFAULT_LIMIT = 200;

    /** A part of a list; next is null when it is the last. */
    record Page<T>(List<T> items, @Nullable String next) {}

    /**
     * Reads the parameters.
     *
     * @throws AdminException with all that is wrong with them
     */
    static Paging of(AdminRequest request) {
        List<Fault> faults = new ArrayList<>();
        int limit = limit(request.parameter("limit"), faults);
        String after = "";
        String cursor = request.parameter("cursor");
        if (cursor != null) {
            try {
                after = new String(Base64.getUrlDecoder().decode(cursor), StandardCharsets.UTF_8);
            } catch (IllegalArgumentException e) {
                faults.add(new Fault("?cursor", "is no cursor that a page gave"));
            }
        }
        if (!faults.isEmpty()) {
            throw AdminException.invalid(faults);
        }
        return new Paging(limit, after);
    }

    static int limit(@Nullable String text, List<Fault> faults) {
        if (text == null) {
            return DEFAULT_LIMIT;
        }
        boolean isNumber = text.matches("[1-9][0-9]{0,3}");
        int limit = isNumber ? Integer.parseInt(text) : 0;
        if (limit < 1 || limit > MAX_LIMIT) {
            faults.add(new Fault("?limit", "must be a number from 1 to " + MAX_LIMIT));
            return DEFAULT_LIMIT;
        }
        return limit;
    }

    /**
     * The part of a list.
     *
     * @param sorted by the names, ascending
     */
    <T> Page<T> of(List<T> sorted, Function<T, String> name) {
        List<T> items = new ArrayList<>();
        boolean isMore = false;
        for (T each : sorted) {
            if (name.apply(each).compareTo(after) <= 0 && !after.isEmpty()) {
                continue;
            }
            if (items.size() == limit) {
                isMore = true;
                break;
            }
            items.add(each);
        }
        String next =
                isMore
                        ? Base64.getUrlEncoder()
                                .withoutPadding()
                                .encodeToString(
                                        name.apply(items.getLast())
                                                .getBytes(StandardCharsets.UTF_8))
                        : null;
        return new Page<>(items, next);
    }
}
