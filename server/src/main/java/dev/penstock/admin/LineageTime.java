package dev.penstock.admin;

import dev.penstock.control.Fault;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Times of a search: RFC 3339, or how long ago. */
final class LineageTime {
    private static final Pattern AGO = Pattern.compile("([0-9]{1,6})(s|m|h|d)(?: ago)?");
    private static final Instant FIRST = Instant.EPOCH;
    private static final Instant LAST = Instant.parse("9999-12-31T23:59:59.999Z");

    private LineageTime() {}

    /**
     * Reads {@code 2026-01-31T12:00:00Z}, {@code 10m} or {@code 10m ago}.
     *
     * @return null when it is absent, or wrong and told so
     */
    static @Nullable Instant parse(
            @Nullable String text, String at, Instant now, List<Fault> faults) {
        if (text == null) {
            return null;
        }
        Matcher ago = AGO.matcher(text);
        if (ago.matches()) {
            Instant then = now.minus(ago(Long.parseLong(ago.group(1)), ago.group(2)));
            return then.isBefore(FIRST) ? FIRST : then;
        }
        try {
            Instant time = Instant.parse(text);
            if (!time.isBefore(FIRST) && !time.isAfter(LAST)) {
                return time;
            }
            faults.add(new Fault(at, "must be in the years 1970 to 9999"));
        } catch (DateTimeException e) {
            faults.add(new Fault(at, "must be a time like 2026-01-31T12:00:00Z, or 10m for ago"));
        }
        return null;
    }

    private static Duration ago(long amount, String unit) {
        return switch (unit) {
            case "s" -> Duration.ofSeconds(amount);
            case "m" -> Duration.ofMinutes(amount);
            case "h" -> Duration.ofHours(amount);
            default -> Duration.ofDays(amount);
        };
    }

    /** Microseconds since 1970 in RFC 3339. */
    static String text(long micros) {
        return Instant.ofEpochSecond(
                        Math.floorDiv(micros, 1_000_000L), Math.floorMod(micros, 1_000_000L) * 1000)
                .toString();
    }
}
