package dev.penstock.cli;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Makes the document of a route from the one that is in force and what was typed. */
final class RouteEdit {
    private static final Pattern SHARE =
            Pattern.compile("([1-9][0-9]{0,17})=([0-9]+(?:\\.[0-9]+)?)%?");
    private static final BigDecimal ALL = BigDecimal.valueOf(100);
    private static final String STABLE = "stable";
    private static final String CANARY = "canary";
    private static final List<String> KEPT = List.of("key", "rules", "shadow", "salt");

    private final JsonNode now;

    /**
     * @param now the route as the API shows it
     */
    RouteEdit(JsonNode now) {
        this.now = now;
    }

    /**
     * The document with these shares.
     *
     * @param shares each {@code VERSION=PERCENT}; what is missing to 100 goes to stable; none keeps
     *     the arms that are
     * @param stable version of the stable arm; null keeps the one that is, if it has a share, and
     *     else takes the largest
     */
    ObjectNode with(List<String> shares, @Nullable String stable) {
        ObjectNode document = Json.MAPPER.createObjectNode();
        Map<String, BigDecimal> weights = shares.isEmpty() ? weightsNow() : parse(shares);
        String kept = stable != null ? stable : stable(weights);
        BigDecimal sum = BigDecimal.ZERO;
        for (BigDecimal weight : weights.values()) {
            sum = sum.add(weight);
        }
        if (!weights.containsKey(kept)) {
            weights.put(kept, ALL.subtract(sum));
        }
        if (shares.isEmpty() && stable == null) {
            document.set("arms", armsNow());
        } else {
            arms(document.putArray("arms"), inOrder(weights), kept);
        }
        for (String field : KEPT) {
            // A salt is the server's to keep or make anew.
            if (now.path(field).isContainer()) {
                document.set(field, withoutState(now.path(field)));
            }
        }
        dropDanglingRules(document);
        return document;
    }

    private ArrayNode armsNow() {
        ArrayNode arms = Json.MAPPER.createArrayNode();
        for (JsonNode arm : now.path("arms")) {
            ObjectNode copy = arms.addObject();
            for (String field : List.of("name", "version", "role", "weight")) {
                copy.set(field, arm.path(field));
            }
        }
        return arms;
    }

    // Canaries keep the order that they are in, and so their stretches: else keys would move.
    private Map<String, BigDecimal> inOrder(Map<String, BigDecimal> weights) {
        Map<String, BigDecimal> ordered = new LinkedHashMap<>();
        for (JsonNode arm : now.path("arms")) {
            String version = RouteTable.text(arm, "version");
            if (weights.containsKey(version)) {
                ordered.put(version, weights.get(version));
            }
        }
        weights.forEach(ordered::putIfAbsent);
        return ordered;
    }

    private static JsonNode withoutState(JsonNode field) {
        JsonNode copy = field.deepCopy();
        if (copy instanceof ObjectNode object) {
            object.remove(List.of("state", "reason"));
        }
        return copy;
    }

    private Map<String, BigDecimal> weightsNow() {
        Map<String, BigDecimal> weights = new LinkedHashMap<>();
        for (JsonNode arm : now.path("arms")) {
            weights.put(RouteTable.text(arm, "version"), arm.path("weight").decimalValue());
        }
        if (weights.isEmpty()) {
            throw CommandFailure.usage(
                    "no version is ready to keep", "name versions as in 1=90 2=10");
        }
        return weights;
    }

    private static Map<String, BigDecimal> parse(List<String> shares) {
        Map<String, BigDecimal> weights = new LinkedHashMap<>();
        for (String share : shares) {
            Matcher matcher = SHARE.matcher(share);
            if (!matcher.matches()) {
                throw CommandFailure.usage(
                        "'" + share + "' is not VERSION=PERCENT", "write it as in 1=90 2=10");
            }
            if (weights.put(matcher.group(1), new BigDecimal(matcher.group(2))) != null) {
                throw CommandFailure.usage("version " + matcher.group(1) + " is named twice", null);
            }
        }
        return weights;
    }

    private String stable(Map<String, BigDecimal> weights) {
        String before = versionOf(STABLE);
        if (before != null) {
            BigDecimal sum = weights.values().stream().reduce(BigDecimal.ZERO, BigDecimal::add);
            if (weights.containsKey(before) || sum.compareTo(ALL) < 0) {
                return before;
            }
        }
        String largest = "";
        for (Map.Entry<String, BigDecimal> each : weights.entrySet()) {
            BigDecimal most = weights.get(largest);
            if (most == null || each.getValue().compareTo(most) > 0) {
                largest = each.getKey();
            }
        }
        return largest;
    }

    private @Nullable String versionOf(String role) {
        for (JsonNode arm : now.path("arms")) {
            if (RouteTable.text(arm, "role").equals(role)) {
                return RouteTable.text(arm, "version");
            }
        }
        return null;
    }

    private void arms(ArrayNode arms, Map<String, BigDecimal> weights, String stable) {
        String stableName = STABLE;
        Set<String> names = new HashSet<>();
        Map<String, String> kept = new LinkedHashMap<>();
        for (JsonNode arm : now.path("arms")) {
            String version = RouteTable.text(arm, "version");
            boolean isCanary = RouteTable.text(arm, "role").equals(CANARY);
            if (!isCanary) {
                stableName = RouteTable.text(arm, "name");
            }
            if (isCanary && weights.containsKey(version) && !version.equals(stable)) {
                kept.put(version, RouteTable.text(arm, "name"));
                names.add(RouteTable.text(arm, "name"));
            }
        }
        names.add(stableName);
        String nameOfStable = stableName;
        weights.forEach((version, weight) -> {
            ObjectNode arm = arms.addObject();
            boolean isStable = version.equals(stable);
            if (isStable && !nameOfStable.equals(STABLE)) {
                arm.put("name", nameOfStable);
            }
            if (!isStable) {
                String name = kept.getOrDefault(version, CANARY);
                if (!kept.containsKey(version) && !names.add(name)) {
                    name = CANARY + "-" + version;
                    names.add(name);
                }
                if (!name.equals(CANARY)) {
                    arm.put("name", name);
                }
            }
            arm.put("version", version);
            arm.put("role", isStable ? STABLE : CANARY);
            arm.put("weight", weight);
        });
    }

    // A rule for an arm that is gone would be refused.
    private static void dropDanglingRules(ObjectNode document) {
        Set<String> names = new HashSet<>();
        for (JsonNode arm : document.path("arms")) {
            names.add(arm.path("name").asString(RouteTable.text(arm, "role")));
        }
        if (document.path("rules") instanceof ArrayNode rules) {
            List<JsonNode> all = new ArrayList<>(rules.valueStream().toList());
            all.removeIf(rule -> rule.has("arm") && !names.contains(RouteTable.text(rule, "arm")));
            document.set("rules", Json.MAPPER.createArrayNode().addAll(all));
        }
    }

    /** Gives the one canary everything, and makes it stable. */
    ObjectNode promoted() {
        List<String> canaries = new ArrayList<>();
        for (JsonNode arm : now.path("arms")) {
            if (RouteTable.text(arm, "role").equals(CANARY)) {
                canaries.add(RouteTable.text(arm, "version"));
            }
        }
        String model = RouteTable.text(now, "model");
        if (canaries.size() != 1) {
            throw new CommandFailure(
                    ExitCode.CONFLICT,
                    canaries.isEmpty()
                            ? model + " has no canary to promote"
                            : model + " has " + canaries.size() + " canaries",
                    null,
                    "say what each version gets: penstock route set " + model + " VERSION=100");
        }
        String version = canaries.getFirst();
        ObjectNode document = with(List.of(version + "=100"), version);
        if (RouteTable.text(document.path("shadow"), "version").equals(version)) {
            document.remove("shadow");
        }
        return document;
    }

    /** What will change, line by line. */
    List<String> plan(JsonNode document) {
        List<String> lines = new ArrayList<>();
        lines.add(RouteTable.text(now, "model") + "  " + RouteTable.text(now, "revision") + " ->");
        Set<String> stay = new HashSet<>();
        for (JsonNode arm : document.path("arms")) {
            String version = RouteTable.text(arm, "version");
            stay.add(version);
            String name = arm.path("name").asString(RouteTable.text(arm, "role"));
            JsonNode before = armNow(version);
            String was =
                    before == null
                            ? "new"
                            : share(before).equals(share(arm))
                                    ? "as before"
                                    : "was " + share(before);
            lines.add("  %-10s v%-5s %8s   (%s)".formatted(name, version, share(arm), was));
        }
        for (JsonNode arm : now.path("arms")) {
            String version = RouteTable.text(arm, "version");
            if (!stay.contains(version)) {
                String name = RouteTable.text(arm, "name");
                lines.add(
                        "  %-10s v%-5s %8s   (was %s)"
                                .formatted(name, version, "gone", share(arm)));
            }
        }
        planShadow(document.path("shadow"), lines);
        for (JsonNode rule : now.path("rules")) {
            if (document.path("rules").valueStream().noneMatch(rule::equals)) {
                lines.add("  %-10s %s   (gone)".formatted("rule", RouteTable.rule(rule)));
            }
        }
        String key = RouteTable.key(document.path("key"));
        String keyBefore = RouteTable.key(now.path("key"));
        if (!key.equals(keyBefore)) {
            lines.add("  %-10s %s   (was %s)".formatted("key", key, keyBefore));
        }
        return lines;
    }

    private void planShadow(JsonNode shadow, List<String> lines) {
        String form = "  %-10s v%-5s %8s   (%s)";
        JsonNode before = now.path("shadow");
        String fraction = shadow.path("fraction").asString("");
        if (shadow.isObject()) {
            String version = RouteTable.text(shadow, "version");
            boolean isSame =
                    RouteTable.text(before, "version").equals(version)
                            && before.path("fraction").asString("").equals(fraction);
            String was = isSame ? "as before" : before.isObject() ? "was another" : "new";
            lines.add(form.formatted("shadow", version, fraction, was));
        } else if (before.isObject()) {
            String was = "was " + before.path("fraction").asString("");
            lines.add(form.formatted("shadow", RouteTable.text(before, "version"), "gone", was));
        }
    }

    private @Nullable JsonNode armNow(String version) {
        for (JsonNode arm : now.path("arms")) {
            if (RouteTable.text(arm, "version").equals(version)) {
                return arm;
            }
        }
        return null;
    }

    private static String share(JsonNode arm) {
        return arm.path("weight").asString("") + " %";
    }
}
