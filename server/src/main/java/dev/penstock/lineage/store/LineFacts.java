package dev.penstock.lineage.store;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * What a line is, from its first fields; the rest of it is not read.
 *
 * @param kind {@code header}, {@code rate}, {@code primary}, {@code shadow} or {@code trailer}
 * @param rid of a record; null for another line
 * @param ts of a record or a rate, in microseconds; -1 without one
 */
record LineFacts(String kind, @Nullable String rid, long ts) {
    static final String HEADER = "header";
    static final String TRAILER = "trailer";
    static final String RATE = "rate";

    private static final JsonFactory JSON = JsonFactory.builder().build();

    /** Whether the line is a record of a prediction. */
    boolean isRecord() {
        return rid != null;
    }

    /**
     * Reads a line.
     *
     * @throws IOException if it is no line of this log
     */
    static LineFacts of(byte[] line, int from, int to) throws IOException {
        String kind = null;
        String rid = null;
        long ts = -1;
        try (JsonParser json =
                JSON.createParser(ObjectReadContext.empty(), line, from, to - from)) {
            var _ = json.nextToken();
            while (json.nextToken() == JsonToken.PROPERTY_NAME) {
                String name = json.currentName();
                JsonToken value = json.nextToken();
                if (name.equals("kind") && value == JsonToken.VALUE_STRING) {
                    kind = json.getString();
                } else if (name.equals("rid") && value == JsonToken.VALUE_STRING) {
                    rid = json.getString();
                } else if (name.equals("ts") && value == JsonToken.VALUE_NUMBER_INT) {
                    ts = json.getLongValue();
                } else {
                    var _ = json.skipChildren();
                }
                if (kind != null && isEnough(kind, rid, ts)) {
                    break;
                }
            }
        } catch (JacksonException e) {
            throw new IOException("the line is not JSON", e);
        }
        return checked(kind, rid, ts);
    }

    private static boolean isEnough(String kind, @Nullable String rid, long ts) {
        return switch (kind) {
            case HEADER, TRAILER -> true;
            case RATE -> ts >= 0;
            default -> rid != null && ts >= 0;
        };
    }

    private static LineFacts checked(@Nullable String kind, @Nullable String rid, long ts)
            throws IOException {
        if (kind == null) {
            throw new IOException("the line has no kind");
        }
        boolean isOther = kind.equals(HEADER) || kind.equals(TRAILER) || kind.equals(RATE);
        if (!isOther && (rid == null || ts < 0)) {
            throw new IOException("a line of kind " + kind + " has no rid or no ts");
        }
        return new LineFacts(kind, isOther ? null : rid, ts);
    }
}
