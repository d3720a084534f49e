package dev.penstock.control;

import dev.penstock.control.RouteDocument.ArmDocument;
import dev.penstock.control.RouteDocument.KeyDocument;
import dev.penstock.control.RouteDocument.RuleDocument;
import dev.penstock.control.RouteDocument.ShadowDocument;
import dev.penstock.inference.VersionId;
import dev.penstock.routing.Arm;
import dev.penstock.routing.Role;
import dev.penstock.routing.Route;
import dev.penstock.routing.RoutingKey;
import dev.penstock.routing.Rule;
import dev.penstock.routing.Shadow;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Makes a route of a document, or says all that is wrong with it. */
public final class RouteReader {
    private static final int MAX_ARMS = 16;
    private static final int MAX_RULES = 64;
    private static final int MAX_TEXT_CHARS = 256;
    private static final int BP_DIGITS = 2;
    // Beyond it, a few characters stand for more digits than the memory holds.
    private static final int MAX_SCALE = 32;
    private static final BigDecimal ALL_PERCENT = BigDecimal.valueOf(100);
    // A token of RFC 9110, and no more than metadata of gRPC may be named.
    private static final Pattern HEADER = Pattern.compile("[a-z0-9_.-]{1,128}");
    private static final Set<String> SECRET_HEADERS =
            Set.of("authorization", "proxy-authorization", "cookie");

    private final List<Fault> faults = new ArrayList<>();

    /** A route, or the faults that keep the document from being one. */
    public record Reading(@Nullable Route route, List<Fault> faults) {}

    private RouteReader() {}

    /**
     * Reads a document.
     *
     * @param salt for a document that has none
     */
    public static Reading read(RouteDocument document, String salt) {
        RouteReader reader = new RouteReader();
        Route route = reader.route(document, salt);
        return new Reading(reader.faults.isEmpty() ? route : null, List.copyOf(reader.faults));
    }

    private @Nullable Route route(RouteDocument document, String defaultSalt) {
        List<Arm> arms = arms(document.arms());
        RoutingKey key = key(document.key());
        Set<String> names = new HashSet<>();
        arms.forEach(arm -> names.add(arm.name()));
        List<Rule> rules = rules(document.rules(), names);
        Shadow shadow = shadow(document.shadow());
        String salt = document.salt() == null ? defaultSalt : document.salt();
        if (!Route.isSalt(salt)) {
            fault("/salt", "must be 1 to 128 of the characters A-Z a-z 0-9 . _ : -");
        }
        return faults.isEmpty() ? new Route(arms, key, rules, shadow, salt) : null;
    }

    private void fault(String pointer, String message) {
        faults.add(new Fault(pointer, message));
    }

    private List<Arm> arms(@Nullable List<ArmDocument> documents) {
        if (documents == null || documents.isEmpty() || documents.size() > MAX_ARMS) {
            fault("/arms", "must hold 1 to " + MAX_ARMS + " arms");
            return List.of();
        }
        List<Arm> arms = new ArrayList<>();
        Set<String> names = new HashSet<>();
        int sumBp = 0;
        int stables = 0;
        for (int i = 0; i < documents.size(); i++) {
            String at = "/arms/" + i;
            ArmDocument document = documents.get(i);
            if (document == null) {
                fault(at, "must be an arm, not null");
                continue;
            }
            Role role = role(at, document.role());
            stables += role == Role.STABLE ? 1 : 0;
            String name = name(at, document.name(), role, names);
            long version = version(at + "/version", document.version());
            int weightBp = weightBp(at + "/weight", document.weight());
            sumBp += Math.max(0, weightBp);
            if (name != null && role != null && weightBp >= 0 && version > 0) {
                arms.add(new Arm(name, version, role, weightBp));
            }
        }
        if (stables != 1) {
            fault("/arms", stables + " arms have the role stable, must be one");
        }
        if (arms.size() == documents.size() && sumBp != Arm.ALL_BP) {
            String sum = RouteDocument.percent(sumBp).toPlainString();
            fault("/arms", "weights add to " + sum + ", must be 100");
        }
        return arms;
    }

    private @Nullable Role role(String at, @Nullable String word) {
        for (Role role : Role.values()) {
            if (role.word().equals(word)) {
                return role;
            }
        }
        fault(at + "/role", "is " + quoted(word) + ", must be stable or canary");
        return null;
    }

    private @Nullable String name(
            String at, @Nullable String given, @Nullable Role role, Set<String> taken) {
        String name = given;
        if (name == null) {
            if (role == null) {
                return null;
            }
            name = role.word();
        }
        if (!Arm.isName(name)) {
            fault(
                    at + "/name",
                    "is "
                            + quoted(name)
                            + ", must be a lower-case letter and up to 31 of a-z 0-9 -, and not"
                            + " pinned, shadow or follow");
            return null;
        }
        if (!taken.add(name)) {
            fault(
                    at + (given != null ? "/name" : "/role"),
                    "two arms are named " + quoted(name) + ": give one of them a name");
            return null;
        }
        return name;
    }

    private long version(String at, @Nullable String text) {
        long version = text == null ? 0 : VersionId.parseNumber(text);
        if (version == 0) {
            fault(at, "is " + quoted(text) + ", must be a version's number as text, like \"2\"");
        }
        return version;
    }

    /** A weight in hundredths of a percent; -1 when it is none. */
    private int weightBp(String at, @Nullable BigDecimal weight) {
        if (weight == null) {
            fault(at, "is missing, must be a number from 0 to 100");
            return -1;
        }
        if (isExtreme(weight)) {
            fault(at, "is " + shown(weight) + ", must be from 0 to 100 with at most two decimals");
            return -1;
        }
        if (weight.signum() < 0 || weight.compareTo(ALL_PERCENT) > 0) {
            fault(at, "is " + shown(weight) + ", must be from 0 to 100");
            return -1;
        }
        if (weight.stripTrailingZeros().scale() > BP_DIGITS) {
            fault(at, "is " + shown(weight) + ", must have at most two decimals");
            return -1;
        }
        return weight.movePointRight(BP_DIGITS).intValueExact();
    }

    private static boolean isExtreme(BigDecimal number) {
        return Math.abs((long) number.scale()) > MAX_SCALE;
    }

    private RoutingKey key(@Nullable KeyDocument document) {
        if (document == null) {
            return RoutingKey.PREDICTION;
        }
        boolean isCaller = Boolean.TRUE.equals(document.caller());
        if (isCaller == (document.header() != null)) {
            fault("/key", "must be {\"header\": NAME} or {\"caller\": true}");
            return RoutingKey.PREDICTION;
        }
        return isCaller
                ? RoutingKey.CALLER
                : new RoutingKey.Header(header("/key/header", document.header()));
    }

    private String header(String at, @Nullable String given) {
        String name = given == null ? "" : given.toLowerCase(Locale.ROOT);
        if (!HEADER.matcher(name).matches()) {
            fault(at, "is " + quoted(given) + ", must be a header's name: a-z 0-9 _ . -");
        } else if (name.endsWith("-bin")) {
            fault(at, "is " + quoted(given) + ", but names that end in -bin hold bytes over gRPC");
        } else if (SECRET_HEADERS.contains(name)) {
            fault(at, "is " + quoted(given) + ", which holds secrets and is no routing key");
        }
        return name;
    }

    private List<Rule> rules(@Nullable List<RuleDocument> documents, Set<String> arms) {
        if (documents == null) {
            return List.of();
        }
        if (documents.size() > MAX_RULES) {
            fault("/rules", "has " + documents.size() + " rules, must be at most " + MAX_RULES);
            return List.of();
        }
        List<Rule> rules = new ArrayList<>();
        for (int i = 0; i < documents.size(); i++) {
            int before = faults.size();
            Rule rule = rule("/rules/" + i, documents.get(i), arms);
            if (faults.size() == before && rule != null) {
                rules.add(rule);
            }
        }
        return rules;
    }

    private @Nullable Rule rule(String at, @Nullable RuleDocument document, Set<String> arms) {
        if (document == null) {
            fault(at, "must be a rule, not null");
            return null;
        }
        boolean isHeader = document.header() != null;
        if (isHeader == (document.parameter() != null)) {
            fault(at, "must look at a header or at a parameter, one of them");
        }
        String value = document.equals() == null ? "" : document.equals();
        if (value.isEmpty() || value.length() > MAX_TEXT_CHARS) {
            fault(at + "/equals", "must be text of 1 to " + MAX_TEXT_CHARS + " characters");
        }
        String name =
                isHeader
                        ? header(at + "/header", document.header())
                        : parameter(at, document.parameter());
        String arm = document.arm();
        if ((arm == null) == (document.version() == null)) {
            fault(at, "must lead to an arm or to a version, one of them");
            return null;
        }
        if (arm != null && !arms.contains(arm)) {
            fault(at + "/arm", "is " + quoted(arm) + ", which no arm is named");
        }
        long version = arm != null ? 0 : version(at + "/version", document.version());
        if (arm == null && version == 0) {
            return null;
        }
        return new Rule(isHeader ? Rule.On.HEADER : Rule.On.PARAMETER, name, value, arm, version);
    }

    private String parameter(String at, @Nullable String name) {
        String given = name == null ? "" : name;
        if (given.isEmpty() || given.length() > MAX_TEXT_CHARS) {
            fault(at + "/parameter", "must be a name of 1 to " + MAX_TEXT_CHARS + " characters");
        }
        return given;
    }

    private @Nullable Shadow shadow(@Nullable ShadowDocument document) {
        if (document == null) {
            return null;
        }
        long version = version("/shadow/version", document.version());
        BigDecimal fraction = document.fraction();
        boolean isFraction =
                fraction != null
                        && !isExtreme(fraction)
                        && fraction.signum() > 0
                        && fraction.compareTo(BigDecimal.ONE) <= 0
                        && fraction.doubleValue() > 0;
        if (!isFraction) {
            fault(
                    "/shadow/fraction",
                    "is "
                            + (fraction == null ? "missing" : shown(fraction))
                            + ", must be above 0 and at most 1");
        }
        return isFraction && version > 0 ? new Shadow(version, fraction.doubleValue()) : null;
    }

    // 1e999999999 in plain digits would fill the memory.
    private static String shown(BigDecimal number) {
        return number.precision() + Math.abs((long) number.scale()) < 32
                ? number.toPlainString()
                : number.round(new java.math.MathContext(4)).toString();
    }

    private static String quoted(@Nullable String text) {
        if (text == null) {
            return "missing";
        }
        String cut = text.length() <= 64 ? text : text.substring(0, 64) + "…";
        return "'" + cut.replaceAll("\\p{Cntrl}", "?") + "'";
    }
}
