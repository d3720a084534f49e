package dev.penstock.app;

import dev.penstock.config.Advised;
import dev.penstock.config.Between;
import dev.penstock.config.DataSize;
import dev.penstock.config.Fraction;
import dev.penstock.config.Key;
import dev.penstock.config.Reload;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which predictions are kept in the lineage log, what of them, and for how long. */
record LineageConfig(
        @Key(
                        value =
                                "Share of the predictions that are kept; errors, slow answers and shadows"
                                        + " that differ are kept beside",
                        flag = "--lineage-sample",
                        param = "SHARE",
                        reload = Reload.LIVE)
                Fraction sample,
        @Key(
                        value =
                                "What is kept of inputs and outputs, full: values; hash: their digests;"
                                        + " none: names, datatypes and shapes",
                        flag = "--lineage-payload",
                        param = "WHAT")
                Payload payload,
        @Key(
                        value = "Share kept of what canary arms answer; else four times sample",
                        reload = Reload.LIVE)
                @Nullable Fraction canarySample,
        @Key(
                        "When records are forced to the disk, interval: by time and amount; always:"
                                + " each; never: with their segment")
                Sync sync,
        @Key("For sync: interval, the longest that a record waits")
                @Between(min = "1ms", max = "1m")
                Duration syncInterval,
        @Key("When a segment is sealed and signed") Seal seal,
        @Key("Bytes of records a second of one model, from which on its share falls")
                @Between(min = "1KiB", max = "1GiB")
                DataSize budget,
        @Key("What becomes of inputs before they are kept") List<Rule> redact,
        @Key("How long records are kept") Retention retention,
        @Key(
                        "Free space under which values are no longer kept, and metadata under half of it;"
                                + " at most a tenth of the file system")
                @Between(min = "1KiB", max = "1TiB")
                DataSize diskFloor)
        implements Advised {

    static final LineageConfig DEFAULT =
            new LineageConfig(
                    new Fraction(0.02),
                    Payload.HASH,
                    null,
                    Sync.INTERVAL,
                    Duration.ofSeconds(1),
                    new Seal(DataSize.parse("64MiB"), Duration.ofMinutes(15)),
                    DataSize.parse("256KiB"),
                    List.of(),
                    new Retention(30, DataSize.parse("20GiB"), Duration.ofDays(400)),
                    DataSize.parse("1GiB"));

    enum Payload {
        FULL,
        HASH,
        NONE
    }

    enum Sync {
        INTERVAL,
        ALWAYS,
        NEVER
    }

    record Seal(
            @Key("At this size") @Between(min = "64KiB", max = "4GiB") DataSize bytes,
            @Key(value = "At this age", flag = "--lineage-seal-age", param = "TIME")
                    @Between(min = "1s", max = "1d")
                    Duration age) {}

    record Retention(
            @Key("Days that sealed segments are kept") @Between(min = "1", max = "36500") int days,
            @Key("Most that sealed segments take; the oldest go first")
                    @Between(min = "1MiB", max = "1024TiB")
                    DataSize size,
            @Key("How long manifests and signatures are kept, after their segments too")
                    @Between(min = "1d", max = "36500d")
                    Duration manifests) {}

    record Rule(
            @Key("The model") String model,
            @Key("The input") String input,
            @Key("Index of one column of an input with two dimensions; else all")
                    @Nullable Integer column,
            @Key("keep, drop, hmac, or round:DIGITS") With with) {}

    /**
     * What becomes of the values.
     *
     * @param digits after the decimal point, for rounding
     */
    record With(Kind kind, int digits) {
        private static final int MAX_DIGITS = 15;

        enum Kind {
            KEEP,
            DROP,
            HMAC,
            ROUND
        }

        /**
         * Reads {@code hmac} or {@code round:2}.
         *
         * @throws IllegalArgumentException that says what may stand there
         */
        static With parse(String text) {
            return switch (text) {
                case "keep" -> new With(Kind.KEEP, 0);
                case "drop" -> new With(Kind.DROP, 0);
                case "hmac" -> new With(Kind.HMAC, 0);
                case "bin", "encrypt" ->
                        throw new IllegalArgumentException(
                                text + " is not there yet; use keep, drop, hmac or round:DIGITS");
                default -> rounding(text);
            };
        }

        private static With rounding(String text) {
            if (text.matches("round:[0-9]{1,2}")) {
                int digits = Integer.parseInt(text.substring(text.indexOf(':') + 1));
                if (digits <= MAX_DIGITS) {
                    return new With(Kind.ROUND, digits);
                }
            }
            throw new IllegalArgumentException(
                    "\"" + text + "\" is not keep, drop, hmac or round:DIGITS with 0 to 15 digits");
        }

        @Override
        public String toString() {
            return switch (kind) {
                case KEEP -> "keep";
                case DROP -> "drop";
                case HMAC -> "hmac";
                case ROUND -> "round:" + digits;
            };
        }
    }

    @Override
    public List<String> advice() {
        List<String> advice = new ArrayList<>();
        if (payload == Payload.FULL && redact.isEmpty()) {
            advice.add(
                    "payload is full, and there are no redact rules: inputs will be stored as they"
                            + " are");
        }
        return advice;
    }
}
