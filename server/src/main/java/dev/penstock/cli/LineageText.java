package dev.penstock.cli;

import dev.penstock.lineage.store.TensorValues;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** The words for what a record of a prediction holds. */
final class LineageText {
    private static final DateTimeFormatter DAY_AND_TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS", Locale.ROOT);
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT);
    private static final int MAX_ELEMENTS = 64;
    private static final int DIGITS = 7;
    private static final int DIGEST_CHARS = 16;

    private LineageText() {}

    /** The time of a record where its reader is. */
    static String time(JsonNode record, boolean isShort) {
        long micros = record.path("ts").asLong(0);
        Instant at =
                Instant.ofEpochSecond(Math.floorDiv(micros, 1_000_000L))
                        .plusNanos(Math.floorMod(micros, 1_000_000L) * 1_000);
        return (isShort ? TIME : DAY_AND_TIME).format(at.atZone(ZoneId.systemDefault()));
    }

    /** RFC 3339 where its reader is, to the second. */
    static String local(String rfc3339) {
        if (rfc3339.isEmpty()) {
            return "";
        }
        return DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT)
                .format(Instant.parse(rfc3339).atZone(ZoneId.systemDefault()));
    }

    static String version(JsonNode record) {
        JsonNode model = record.path("model");
        return RouteTable.text(model, "name") + "/" + model.path("version").asString("?");
    }

    static String status(JsonNode record) {
        return record.path("st").path("http").asString("-");
    }

    /** Microseconds in milliseconds with two decimals; empty when there are none. */
    static String millis(JsonNode micros) {
        return micros.isNumber()
                ? micros.decimalValue()
                        .movePointLeft(3)
                        .setScale(2, RoundingMode.HALF_UP)
                        .toPlainString()
                : "";
    }

    /** All outputs in a few words. */
    static String outputs(JsonNode record) {
        StringJoiner all = new StringJoiner("  ");
        for (JsonNode tensor : record.path("out")) {
            String name = RouteTable.text(tensor, "name");
            all.add(name + " " + values(tensor, Integer.MAX_VALUE, " "));
        }
        return all.toString();
    }

    /** The first characters of a digest. */
    static String digest(String sha256) {
        return sha256.length() <= DIGEST_CHARS ? sha256 : sha256.substring(0, DIGEST_CHARS) + "…";
    }

    /**
     * What is kept of a tensor's values, cut to fit.
     *
     * @param chars that there is room for
     */
    static String values(JsonNode tensor, int chars, String gap) {
        if (tensor.has("data") || tensor.has("b64")) {
            return listed(tensor, chars, gap);
        }
        JsonNode ref = tensor.path("ref");
        if (ref.isObject()) {
            return ref.path("bytes").asString("") + " bytes in " + RouteTable.text(ref, "file");
        }
        String digest = RouteTable.text(tensor, "sha256");
        return digest.isEmpty() ? "values not kept" : "sha256 " + digest(digest);
    }

    private static String listed(JsonNode tensor, int chars, String gap) {
        List<String> words = new ArrayList<>();
        for (int i = 0; i < MAX_ELEMENTS; i++) {
            JsonNode value = TensorValues.at(tensor, i);
            if (value == null) {
                break;
            }
            words.add(value(value));
        }
        long elements = Math.max(words.size(), elements(tensor.path("shape")));
        int shown = words.size();
        while (true) {
            long left = elements - shown;
            String text =
                    String.join(gap, words.subList(0, shown))
                            + (left == 0 ? "" : gap + "… " + left + " more");
            if (text.length() <= chars || shown <= 1) {
                return text;
            }
            shown--;
        }
    }

    private static long elements(JsonNode shape) {
        long elements = 1;
        for (JsonNode size : shape) {
            elements *= Math.max(0, size.asLong(0));
        }
        return shape.isArray() ? elements : 0;
    }

    private static String value(JsonNode value) {
        if (value.isString()) {
            return '"' + Printable.line(value.asString()) + '"';
        }
        if (value.isFloatingPointNumber() && Double.isFinite(value.doubleValue())) {
            BigDecimal number = new BigDecimal(value.asString());
            BigDecimal cut =
                    number.precision() > DIGITS ? number.round(new MathContext(DIGITS)) : number;
            BigDecimal plain = cut.stripTrailingZeros();
            boolean isLong = plain.scale() > 2 * DIGITS || plain.scale() < -DIGITS;
            return isLong ? plain.toString() : plain.toPlainString();
        }
        return value.asString(value.toString());
    }

    /** Why a record is kept. */
    static String kept(JsonNode record) {
        StringJoiner why = new StringJoiner(", ");
        record.path("smp").path("why").forEach(each -> why.add(each.asString("")));
        JsonNode p = record.path("smp").path("p");
        return why + (p.isNumber() ? ", p " + p.asString("") : "");
    }

    static @Nullable String text(JsonNode node, String field) {
        return node.path(field).isString() ? node.path(field).asString() : null;
    }
}
