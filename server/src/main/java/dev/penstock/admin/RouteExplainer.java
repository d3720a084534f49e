package dev.penstock.admin;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.penstock.admin.RouteExplanation.Question;
import dev.penstock.admin.RouteExplanation.Threshold;
import dev.penstock.control.Fault;
import dev.penstock.control.Reconciler;
import dev.penstock.control.RouteDocument;
import dev.penstock.routing.Arm;
import dev.penstock.routing.Role;
import dev.penstock.routing.Route;
import dev.penstock.routing.RoutingKey;
import dev.penstock.routing.Rule;
import dev.penstock.serving.InferenceService;
import dev.penstock.serving.ServedModel;
import dev.penstock.statistics.HashPosition;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Says which arm a request would meet, by the table that requests go by now. */
public final class RouteExplainer {
    private static final int POSITION_DIGITS = 16;
    private static final BigInteger BUCKETS = BigInteger.valueOf(10_000);
    private static final int POSITION_BITS = 52;

    private final Reconciler reconciler;
    private final InferenceService service;

    public RouteExplainer(Reconciler reconciler, InferenceService service) {
        this.reconciler = reconciler;
        this.service = service;
    }

    RouteExplanation explain(String model, Question question) {
        Names.check(model, Names.models(reconciler, reconciler.desired()));
        boolean isWhole =
                question.headers() != null
                        || question.parameters() != null
                        || question.caller() != null
                        || question.predictionId() != null;
        if (question.key() != null && isWhole) {
            throw AdminException.invalid(
                    List.of(new Fault("/key", "is there beside a request: ask for one of them")));
        }
        ServedModel served = service.table().models().get(model);
        if (served == null || served.route() == null) {
            return followed(model, served);
        }
        return new Answer(model, served, served.route().route(), question).make();
    }

    private static RouteExplanation followed(String model, @Nullable ServedModel served) {
        boolean isReady = served != null && served.current() != null;
        String version =
                served == null || served.current() == null
                        ? null
                        : Long.toString(served.current().info().id().number());
        return new RouteExplanation(
                model,
                "r" + (served == null ? 0 : served.routeRevision()),
                isReady ? Role.STABLE.word() : null,
                version,
                null,
                null,
                null,
                null,
                null,
                List.of(),
                isReady
                        ? "there is no route: all traffic follows the newest version"
                        : "no version of the model is ready");
    }

    /** One explanation in the making. */
    private static final class Answer {
        private final String model;
        private final ServedModel served;
        private final Route route;
        private final Question question;
        private final Map<String, String> headers = new TreeMap<>();
        private final Map<String, String> parameters;

        Answer(String model, ServedModel served, Route route, Question question) {
            this.model = model;
            this.served = served;
            this.route = route;
            this.question = question;
            if (question.headers() != null) {
                question.headers()
                        .forEach(
                                (name, value) -> headers.put(name.toLowerCase(Locale.ROOT), value));
            }
            this.parameters = question.parameters() == null ? Map.of() : question.parameters();
        }

        RouteExplanation make() {
            for (int i = 0; i < route.rules().size(); i++) {
                Rule rule = route.rules().get(i);
                if (isMet(rule)) {
                    return byRule(i, rule);
                }
            }
            String key = key();
            if (key == null) {
                return of(null, null, null, null, null, "each prediction's own id decides");
            }
            byte[] bytes = key.getBytes(UTF_8);
            long position = HashPosition.of(HashPosition.prefix(route.salt()), bytes, bytes.length);
            Arm arm = route.armAt(position);
            Arm answers = standIn(arm);
            String where =
                    "position "
                            + decimal(position).setScale(4, RoundingMode.DOWN)
                            + " lies in the stretch of "
                            + arm.name();
            return of(null, key, position, answers, null, where + missing(arm, answers));
        }

        private boolean isMet(Rule rule) {
            String value =
                    switch (rule.on()) {
                        case HEADER -> headers.get(rule.name());
                        case PARAMETER -> parameters.get(rule.name());
                    };
            return rule.value().equals(value);
        }

        private RouteExplanation byRule(int index, Rule rule) {
            String why =
                    "rule "
                            + index
                            + " is met: "
                            + rule.on().name().toLowerCase(Locale.ROOT)
                            + " "
                            + rule.name()
                            + " is "
                            + rule.value();
            Arm arm = rule.arm() == null ? null : route.arm(rule.arm());
            if (arm != null) {
                Arm answers = standIn(arm);
                return of(index, null, null, answers, null, why + missing(arm, answers));
            }
            boolean isReady = served.versions().containsKey(rule.version());
            return of(
                    index,
                    null,
                    null,
                    null,
                    isReady ? rule.version() : null,
                    isReady ? why : why + ", but version " + rule.version() + " is not ready");
        }

        private @Nullable String key() {
            if (question.key() != null) {
                return question.key();
            }
            String given =
                    switch (route.key()) {
                        case RoutingKey.Header header -> headers.get(header.name());
                        case RoutingKey.Caller caller -> question.caller();
                        case RoutingKey.Prediction prediction -> null;
                    };
            return given == null || given.isEmpty() ? question.predictionId() : given;
        }

        // As ServedRoute has it: stable for the others, and for stable the largest that is ready.
        private @Nullable Arm standIn(Arm arm) {
            Set<Long> ready = served.versions().keySet();
            if (ready.contains(arm.version())) {
                return arm;
            }
            if (ready.contains(route.stable().version())) {
                return route.stable();
            }
            Arm largest = null;
            for (Arm other : route.arms()) {
                boolean isLarger = largest == null || other.weightBp() > largest.weightBp();
                if (isLarger && ready.contains(other.version())) {
                    largest = other;
                }
            }
            return largest;
        }

        private static String missing(Arm arm, @Nullable Arm answers) {
            if (arm.equals(answers)) {
                return "";
            }
            return ", whose version "
                    + arm.version()
                    + " is not ready: "
                    + (answers == null ? "nothing answers" : answers.name() + " answers");
        }

        private RouteExplanation of(
                @Nullable Integer rule,
                @Nullable String key,
                @Nullable Long position,
                @Nullable Arm arm,
                @Nullable Long pinned,
                String note) {
            Long version = arm == null ? pinned : Long.valueOf(arm.version());
            return new RouteExplanation(
                    model,
                    "r" + served.routeRevision(),
                    arm == null ? (pinned == null ? null : "pinned") : arm.name(),
                    version == null ? null : Long.toString(version),
                    rule,
                    key,
                    position == null ? null : decimal(position),
                    position == null ? null : bucket(position),
                    route.salt(),
                    thresholds(route),
                    note);
        }

        private static int bucket(long position) {
            return BigInteger.valueOf(position)
                    .multiply(BUCKETS)
                    .shiftRight(POSITION_BITS)
                    .intValueExact();
        }
    }

    /** A position between 0 and 1, to 16 digits. */
    static BigDecimal decimal(long position) {
        return BigDecimal.valueOf(position)
                .divide(
                        new BigDecimal(BigInteger.ONE.shiftLeft(POSITION_BITS)),
                        POSITION_DIGITS,
                        RoundingMode.DOWN);
    }

    /** Which positions belong to which arm of a route. */
    static List<Threshold> thresholds(Route route) {
        List<Threshold> all = new ArrayList<>();
        int cumulativeBp = 0;
        for (Arm arm : route.arms()) {
            if (arm.role() != Role.STABLE) {
                all.add(threshold(arm, cumulativeBp, cumulativeBp + arm.weightBp()));
                cumulativeBp += arm.weightBp();
            }
        }
        all.add(threshold(route.stable(), cumulativeBp, Arm.ALL_BP));
        return all;
    }

    private static Threshold threshold(Arm arm, int fromBp, int belowBp) {
        return new Threshold(
                arm.name(),
                Long.toString(arm.version()),
                RouteDocument.percent(fromBp),
                RouteDocument.percent(belowBp));
    }
}
