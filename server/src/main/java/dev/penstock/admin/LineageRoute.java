package dev.penstock.admin;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.penstock.routing.Arm;
import dev.penstock.routing.Route;
import dev.penstock.routing.Rule;
import dev.penstock.statistics.HashPosition;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Makes the decision of a route again, from a record and the route that the audit log has. */
final class LineageRoute {
    private static final String PINNED = "pinned";

    private final JsonNode record;
    private final JsonNode route;
    private final @Nullable AuditEntry entry;
    private final @Nullable Route past;

    /**
     * @param entry that put the record's revision in force; null when it is not known
     */
    private LineageRoute(JsonNode record, @Nullable AuditEntry entry) {
        this.record = record;
        this.route = record.path("route");
        this.entry = entry;
        this.past = entry == null ? null : AuditAdmin.route(entry.after());
    }

    /** What the route of a record's revision makes of it. */
    static LineageView.RouteCheck check(JsonNode record, AuditLog log) throws IOException {
        long revision = record.path("route").path("rev").asLong(0);
        String model = record.path("model").path("name").asString("");
        Instant at = Instant.parse(LineageTime.text(record.path("ts").asLong(0)));
        AuditEntry entry = revision == 0 ? null : PastRoutes.ofRevision(log, model, revision, at);
        return new LineageRoute(record, entry).check(revision);
    }

    private LineageView.RouteCheck check(long revision) {
        Route known = past;
        if (known == null) {
            return withoutRoute(revision);
        }
        if (route.has("rule")) {
            return byRule(known, route.path("rule").asInt(-1));
        }
        if (arm().equals(PINNED)) {
            return view(null, null, "the caller named the version");
        }
        return route.path("u").isNumber()
                ? byPosition(known)
                : view(null, null, "the position of the key is not recorded");
    }

    private LineageView.RouteCheck withoutRoute(long revision) {
        boolean follows = revision == 0 || entry != null;
        if (!follows) {
            return view(null, null, "the audit log does not have revision r" + revision);
        }
        if (arm().equals(PINNED)) {
            return view(null, null, "the caller named the version");
        }
        boolean isStable = arm().equals("stable");
        return view("stable", isStable, "there was no route: traffic followed the newest version");
    }

    private LineageView.RouteCheck byRule(Route known, int index) {
        if (index < 0 || index >= known.rules().size()) {
            return view(null, false, "the route has no rule " + index);
        }
        Rule rule = known.rules().get(index);
        String leadsTo = rule.arm() == null ? PINNED : rule.arm();
        return view(
                leadsTo,
                leadsTo.equals(arm()),
                "rule " + index + " decided, by what the request carried, which is not recorded");
    }

    private LineageView.RouteCheck byPosition(Route known) {
        long position = position(route.path("u"));
        if (position < 0 || position >= HashPosition.COUNT) {
            return view(null, false, "the recorded position is none");
        }
        Arm computed = known.armAt(position);
        Long again = againFromKey();
        boolean isSalt = known.salt().equals(route.path("salt").asString(known.salt()));
        boolean isPosition = again == null || again == position;
        boolean isArm = computed.name().equals(arm());
        return view(
                computed.name(),
                isSalt && isPosition && isArm,
                note(known, computed, isSalt, isPosition, isArm, again != null));
    }

    private String note(
            Route known,
            Arm computed,
            boolean isSalt,
            boolean isPosition,
            boolean isArm,
            boolean isComputed) {
        if (!isSalt) {
            return "the route's salt is " + known.salt() + ", not the recorded one";
        }
        if (!isPosition) {
            return "salt and key have another position than the recorded one";
        }
        if (!isArm) {
            return "the position lies in the stretch of "
                    + computed.name()
                    + "; another arm answers only while that one's version is not ready";
        }
        return "the position lies in the stretch of "
                + computed.name()
                + (isComputed ? "" : "; the key itself is not recorded");
    }

    /** The position of a key that the record holds; null when it does not. */
    private @Nullable Long againFromKey() {
        String salt = text(route.path("salt"));
        String key =
                switch (route.path("key").path("by").asString("")) {
                    case "prediction" -> text(record.path("rid"));
                    case "caller" -> text(record.path("caller").path("id"));
                    default -> null;
                };
        if (salt == null || key == null) {
            return null;
        }
        byte[] bytes = key.getBytes(UTF_8);
        return HashPosition.of(HashPosition.prefix(salt), bytes, bytes.length);
    }

    // Written as a multiple of 2^-52, so that the product is whole.
    private static long position(JsonNode u) {
        double value = u.asDouble(-1) * HashPosition.COUNT;
        return value >= 0 && value <= HashPosition.COUNT ? (long) value : -1;
    }

    private String arm() {
        return route.path("arm").asString("");
    }

    private static @Nullable String text(JsonNode value) {
        return value.isString() ? value.asString() : null;
    }

    private static @Nullable BigDecimal number(JsonNode value) {
        return value.isNumber() ? value.decimalValue() : null;
    }

    private LineageView.RouteCheck view(
            @Nullable String computedArm, @Nullable Boolean agrees, String note) {
        Long again = againFromKey();
        boolean isHashed = route.path("u").isNumber();
        return new LineageView.RouteCheck(
                "r" + route.path("rev").asLong(0),
                arm(),
                number(route.path("w")),
                route.has("rule") ? Integer.valueOf(route.path("rule").asInt(-1)) : null,
                text(route.path("key").path("by")),
                text(route.path("salt")),
                number(route.path("u")),
                again == null || !isHashed ? null : RouteExplainer.decimal(again),
                past == null ? List.of() : RouteExplainer.thresholds(past),
                computedArm,
                agrees,
                note,
                setBy(entry));
    }

    private static LineageView.@Nullable SetBy setBy(@Nullable AuditEntry entry) {
        if (entry == null) {
            return null;
        }
        AuditEntry.Outcome outcome = Objects.requireNonNull(entry.outcome());
        return new LineageView.SetBy(
                entry.seq(), outcome.at(), entry.who(), entry.action(), entry.reason());
    }
}
