package dev.penstock.config;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as they are written: {@code 500us}, {@code 250ms}, {@code 5s}, {@code 30d}. */
final class DurationText {
    static final String PATTERN = "([0-9]{1,9})(us|ms|s|m|h|d)";

    private static final Pattern FORM = Pattern.compile(PATTERN);
    private static final Pattern BARE = Pattern.compile("[0-9]{1,9}");

    private DurationText() {}

    static Duration parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    Quoted.of(text) + " is not a duration" + meant(text));
        }
        long amount = Long.parseLong(matcher.group(1));
        return switch (matcher.group(2)) {
            case "us" -> Duration.ofNanos(amount * 1_000);
            case "ms" -> Duration.ofMillis(amount);
            case "s" -> Duration.ofSeconds(amount);
            case "m" -> Duration.ofMinutes(amount);
            case "h" -> Duration.ofHours(amount);
            default -> Duration.ofDays(amount);
        };
    }

    private static String meant(String text) {
        return BARE.matcher(text).matches()
                ? ", its unit is missing. Write " + text + "s or " + text + "ms"
                : " such as 250ms, 5s or 2m";
    }

    /** With the largest unit that leaves a whole number; what is below a microsecond is lost. */
    static String of(Duration duration) {
        long seconds = duration.toSeconds();
        if (duration.toNanosPart() != 0) {
            long micros = TimeUnit.MICROSECONDS.convert(duration);
            return micros % 1_000 == 0 ? micros / 1_000 + "ms" : micros + "us";
        }
        if (seconds == 0 || seconds % 60 != 0) {
            return seconds + "s";
        }
        if (seconds % 3_600 != 0) {
            return seconds / 60 + "m";
        }
        return seconds % 86_400 != 0 ? seconds / 3_600 + "h" : seconds / 86_400 + "d";
    }
}
