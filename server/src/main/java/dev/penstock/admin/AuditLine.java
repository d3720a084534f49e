package dev.penstock.admin;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A line of the audit log: {@code intent} says what is wanted, {@code outcome} what became of it,
 * {@code read} what was given to whom, and a segment's {@code header} which intents had no outcome
 * when it began.
 */
sealed interface AuditLine {
    JsonMapper MAPPER =
            JsonMapper.builder()
                    .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                    .build();

    /** The first line of a segment. */
    record Header(List<Long> open) implements AuditLine {}

    record Intent(AuditEntry entry) implements AuditLine {}

    /** What became of the intent of that seq. */
    record Outcome(long intent, AuditEntry.Outcome became) implements AuditLine {}

    /** What was given; its outcome is set. */
    record Reading(AuditEntry entry) implements AuditLine {}

    /** A line of a later release. */
    record Unknown() implements AuditLine {}

    static byte[] header(Collection<Long> open) {
        ObjectNode line = MAPPER.createObjectNode().put("v", 1).put("log", "audit");
        ArrayNode seqs = line.putArray("open");
        open.forEach(seqs::add);
        return MAPPER.writeValueAsBytes(line);
    }

    static byte[] intent(AuditChange change, Instant at) {
        return written("intent", change, at);
    }

    static byte[] reading(AuditChange what, Instant at) {
        return written("read", what, at);
    }

    private static byte[] written(String kind, AuditChange change, Instant at) {
        ObjectNode line =
                MAPPER.createObjectNode()
                        .put("kind", kind)
                        .put("at", at.toString())
                        .put("who", change.actor().name())
                        .put("from", change.actor().from())
                        .put("request", change.actor().requestId())
                        .put("action", change.action());
        line.set("target", MAPPER.valueToTree(change.target()));
        set(line, "before", change.before());
        set(line, "after", change.after());
        line.put("reason", change.reason());
        return MAPPER.writeValueAsBytes(line);
    }

    private static void set(ObjectNode line, String name, @Nullable Object value) {
        if (value != null) {
            line.set(name, MAPPER.<JsonNode>valueToTree(value));
        }
    }

    static byte[] outcome(long intent, AuditEntry.Outcome became) {
        ObjectNode line =
                MAPPER.createObjectNode()
                        .put("kind", "outcome")
                        .put("at", became.at())
                        .put("intent", intent)
                        .put("result", became.result());
        if (became.revision() != null) {
            line.put("revision", became.revision());
        }
        if (became.reason() != null) {
            line.put("reason", became.reason());
        }
        return MAPPER.writeValueAsBytes(line);
    }

    /** Reads a line that the journal found sound. */
    static AuditLine read(long seq, byte[] bytes) {
        JsonNode line = MAPPER.readTree(bytes);
        return switch (text(line, "kind")) {
            case "header" -> {
                List<Long> open = new ArrayList<>();
                line.path("open").forEach(each -> open.add(each.asLong()));
                yield new Header(List.copyOf(open));
            }
            case "intent" -> new Intent(entry(seq, line));
            case "read" -> {
                String at = text(line, "at");
                yield new Reading(
                        entry(seq, line).with(new AuditEntry.Outcome(at, "applied", null, null)));
            }
            case "outcome" ->
                    new Outcome(
                            line.path("intent").asLong(),
                            new AuditEntry.Outcome(
                                    text(line, "at"),
                                    text(line, "result"),
                                    line.has("revision") ? line.path("revision").asLong() : null,
                                    line.has("reason") ? text(line, "reason") : null));
            default -> new Unknown();
        };
    }

    private static AuditEntry entry(long seq, JsonNode line) {
        JsonNode target = line.path("target");
        return new AuditEntry(
                seq,
                text(line, "at"),
                text(line, "who"),
                text(line, "from"),
                text(line, "request"),
                text(line, "action"),
                new AuditTarget(
                        target.has("model") ? text(target, "model") : null,
                        target.has("version") ? text(target, "version") : null),
                line.get("before"),
                line.get("after"),
                text(line, "reason"),
                null);
    }

    private static String text(JsonNode line, String name) {
        return line.path(name).asString("");
    }
}
