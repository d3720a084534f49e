package dev.penstock.routing;

import static dev.penstock.runtime.Check.require;

import dev.penstock.statistics.HashPosition;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How one model's traffic is split; what an operator set, and valid.
 *
 * <p>A key's position (see {@link HashPosition}) under the salt picks its arm: the arms that are
 * not stable take, in their order, one stretch of positions after the other from 0 on, each as long
 * as its weight, and stable takes what is left. So raising the weight of the last of them, or of
 * the only one, moves keys to it and none elsewhere; raising the weight of an earlier one also
 * pushes the later ones along.
 *
 * @param arms with one {@link Role#STABLE}; weights add to {@link Arm#ALL_BP}
 * @param rules the first that matches decides
 * @param shadow null when there is none
 * @param salt makes the positions of this route its own; passes {@link #isSalt}
 */
public record Route(
        List<Arm> arms, RoutingKey key, List<Rule> rules, @Nullable Shadow shadow, String salt) {
    private static final Pattern SALT = Pattern.compile("[A-Za-z0-9._:-]{1,128}");
    // Beside a digest of 36 characters, a revision and two dashes it stays within a salt.
    private static final int MAX_PLAIN_CHARS = 64;

    public Route {
        arms = List.copyOf(arms);
        rules = List.copyOf(rules);
        Set<String> names = new HashSet<>();
        int sum = 0;
        int stables = 0;
        for (Arm arm : arms) {
            require(names.add(arm.name()), "two arms are named '%s'", arm.name());
            sum += arm.weightBp();
            stables += arm.role() == Role.STABLE ? 1 : 0;
        }
        require(isSalt(salt), "a salt of %d characters is no salt", salt.length());
        require(stables == 1, "%d arms are stable, must be one", stables);
        require(sum == Arm.ALL_BP, "weights add to %d hundredths of a percent, not 10000", sum);
        for (Rule rule : rules) {
            require(
                    rule.arm() == null || names.contains(rule.arm()),
                    "a rule names arm '%s', which is not there",
                    rule.arm());
        }
    }

    /** Whether a route may have this salt: {@code [A-Za-z0-9._:-]{1,128}}. */
    public static boolean isSalt(String salt) {
        return SALT.matcher(salt).matches();
    }

    /**
     * The salt of a route whose operator names none: the model and the revision. A long name is cut
     * and stands beside its digest, so that models whose names begin alike differ.
     */
    public static String defaultSalt(String model, long revision) {
        if (model.length() <= MAX_PLAIN_CHARS) {
            return model + "-" + revision;
        }
        UUID digest = UUID.nameUUIDFromBytes(model.getBytes(StandardCharsets.UTF_8));
        return model.substring(0, MAX_PLAIN_CHARS) + "-" + digest + "-" + revision;
    }

    /** The arm for all that no other takes. */
    public Arm stable() {
        for (Arm arm : arms) {
            if (arm.role() == Role.STABLE) {
                return arm;
            }
        }
        throw new IllegalStateException("a route has a stable arm");
    }

    /** The arm of that name, or null. */
    public @Nullable Arm arm(String name) {
        for (Arm arm : arms) {
            if (arm.name().equals(name)) {
                return arm;
            }
        }
        return null;
    }

    /** The arm at a position. */
    public Arm armAt(long position) {
        int cumulativeBp = 0;
        for (Arm arm : arms) {
            if (arm.role() == Role.STABLE) {
                continue;
            }
            cumulativeBp += arm.weightBp();
            if (position < threshold(cumulativeBp)) {
                return arm;
            }
        }
        return stable();
    }

    /**
     * The smallest position that is not below {@code cumulativeBp} hundredths of a percent: {@code
     * u · 10,000 < cumulativeBp · 2^52} holds for exactly the positions below it.
     */
    public static long threshold(int cumulativeBp) {
        long whole = HashPosition.COUNT / Arm.ALL_BP;
        long rest = HashPosition.COUNT % Arm.ALL_BP;
        // ceil(cumulativeBp · 2^52 / 10,000) in parts that fit a long.
        return cumulativeBp * whole + (cumulativeBp * rest + Arm.ALL_BP - 1) / Arm.ALL_BP;
    }

    /**
     * All versions that this names: arms, rules and shadow. They are loaded, whatever the policy.
     */
    public Set<Long> versions() {
        Set<Long> versions = new HashSet<>();
        arms.forEach(arm -> versions.add(arm.version()));
        rules.forEach(rule -> {
            if (rule.arm() == null) {
                versions.add(rule.version());
            }
        });
        if (shadow != null) {
            versions.add(shadow.version());
        }
        return versions;
    }
}
