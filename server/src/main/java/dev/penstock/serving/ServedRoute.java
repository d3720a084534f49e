package dev.penstock.serving;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.penstock.inference.CallFacts;
import dev.penstock.inference.Exchange;
import dev.penstock.inference.RouteDecision;
import dev.penstock.inference.ShadowDraw;
import dev.penstock.repository.LiveVersion;
import dev.penstock.routing.Arm;
import dev.penstock.routing.Role;
import dev.penstock.routing.Route;
import dev.penstock.routing.RoutingKey;
import dev.penstock.routing.Rule;
import dev.penstock.routing.Shadow;
import dev.penstock.statistics.HashPosition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A route with the versions that its arms name, ready to be asked on the path of a prediction;
 * immutable.
 *
 * <p>An arm whose version is not ready keeps its stretch of positions, and another arm answers
 * there: stable for the others, and for stable the arm with the largest weight. No other key moves.
 */
public final class ServedRoute {
    /** Where a request goes, and how that is called. */
    record Way(LiveVersion version, RouteDecision decision) {}

    private record Stretch(long below, @Nullable Way way) {}

    private record Match(Rule rule, @Nullable Way way) {}

    private final Route route;
    private final long revision;
    private final List<Match> matches;
    private final List<Stretch> stretches;
    private final @Nullable Way rest;
    private final byte[] salt;
    private final @Nullable ShadowDraw shadow;

    /**
     * @param revision of the route's document
     * @param ready the versions of the model that take requests, by number
     */
    public ServedRoute(Route route, long revision, Map<Long, LiveVersion> ready) {
        this.route = route;
        this.revision = revision;
        this.salt = HashPosition.prefix(route.salt());
        this.shadow = draw(route);
        Way fallback = fallback(ready);
        Way stable = way(route.stable(), RouteDecision.NO_RULE, ready);
        this.rest = stable != null ? stable : fallback;
        this.stretches = stretches(ready);
        this.matches = matches(ready);
    }

    private static @Nullable ShadowDraw draw(Route route) {
        Shadow wanted = route.shadow();
        return wanted == null
                ? null
                : new ShadowDraw(wanted.version(), Shadow.salt(route.salt()), wanted.threshold());
    }

    private @Nullable Way way(Arm arm, int rule, Map<Long, LiveVersion> ready) {
        LiveVersion version = ready.get(arm.version());
        return version == null
                ? null
                : new Way(
                        version,
                        new RouteDecision(
                                revision,
                                arm.name(),
                                arm.weightBp(),
                                rule,
                                arm.role() == Role.CANARY,
                                shadow,
                                key(route)));
    }

    private static RouteDecision.KeyDraw key(Route route) {
        String header = route.key() instanceof RoutingKey.Header named ? named.name() : null;
        boolean isCaller = route.key() instanceof RoutingKey.Caller;
        return new RouteDecision.KeyDraw(route.salt(), header, isCaller);
    }

    private @Nullable Way fallback(Map<Long, LiveVersion> ready) {
        Arm largest = null;
        for (Arm arm : route.arms()) {
            boolean isLarger = largest == null || arm.weightBp() > largest.weightBp();
            if (isLarger && ready.containsKey(arm.version())) {
                largest = arm;
            }
        }
        return largest == null ? null : way(largest, RouteDecision.NO_RULE, ready);
    }

    private List<Stretch> stretches(Map<Long, LiveVersion> ready) {
        List<Stretch> all = new ArrayList<>();
        int cumulativeBp = 0;
        for (Arm arm : route.arms()) {
            if (arm.role() == Role.STABLE) {
                continue;
            }
            cumulativeBp += arm.weightBp();
            Way way = way(arm, RouteDecision.NO_RULE, ready);
            all.add(new Stretch(Route.threshold(cumulativeBp), way != null ? way : rest));
        }
        return List.copyOf(all);
    }

    private List<Match> matches(Map<Long, LiveVersion> ready) {
        List<Match> all = new ArrayList<>();
        for (int i = 0; i < route.rules().size(); i++) {
            Rule rule = route.rules().get(i);
            Arm arm = rule.arm() == null ? null : route.arm(rule.arm());
            if (arm != null) {
                all.add(new Match(rule, way(arm, i, ready)));
                continue;
            }
            LiveVersion version = ready.get(rule.version());
            RouteDecision decision = RouteDecision.pinned(revision, i);
            all.add(new Match(rule, version == null ? null : new Way(version, decision)));
        }
        return List.copyOf(all);
    }

    public Route route() {
        return route;
    }

    public long revision() {
        return revision;
    }

    /**
     * Where a request goes that names no version: null when no version of the route is ready, or a
     * rule names one that is not.
     */
    @Nullable Way choose(Exchange exchange) {
        CallFacts facts = exchange.request().facts();
        for (int i = 0; i < matches.size(); i++) {
            Match match = matches.get(i);
            if (isMet(match.rule(), facts)) {
                return match.way() != null || match.rule().arm() == null ? match.way() : rest;
            }
        }
        if (stretches.isEmpty()) {
            return rest;
        }
        long position = position(exchange);
        exchange.positioned(position);
        for (int i = 0; i < stretches.size(); i++) {
            if (position < stretches.get(i).below()) {
                return stretches.get(i).way();
            }
        }
        return rest;
    }

    private static boolean isMet(Rule rule, CallFacts facts) {
        String value =
                switch (rule.on()) {
                    case HEADER -> facts.header(rule.name());
                    case PARAMETER -> facts.parameter(rule.name());
                };
        return rule.value().equals(value);
    }

    private long position(Exchange exchange) {
        CallFacts facts = exchange.request().facts();
        String key =
                switch (route.key()) {
                    case RoutingKey.Header header -> facts.header(header.name());
                    case RoutingKey.Caller caller -> facts.caller();
                    case RoutingKey.Prediction prediction -> null;
                };
        if (key == null || key.isEmpty()) {
            return exchange.id().position(salt);
        }
        byte[] bytes = key.getBytes(UTF_8);
        return HashPosition.of(salt, bytes, bytes.length);
    }

    /** The version of the stable arm, or whoever stands in for it; null when nothing is ready. */
    @Nullable LiveVersion main() {
        return rest == null ? null : rest.version();
    }
}
