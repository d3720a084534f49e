package dev.penstock.repository;

import static dev.penstock.runtime.Check.require;

import dev.penstock.inference.VersionId;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How versions are run: what the operator says of a model, else by the cost of one run.
 *
 * <p>A run on the event loop saves the change of threads, which costs some tens of microseconds,
 * but holds up every other connection of that loop; so it is for runs under {@link
 * #TURN_BELOW_NANOS}.
 *
 * @param forced by name of model
 */
public record ExecutionPolicy(Map<String, Execution> forced) {
    /** By cost, for every model. */
    public static final ExecutionPolicy AUTO = new ExecutionPolicy(Map.of());

    static final long TURN_BELOW_NANOS = 100_000;

    public ExecutionPolicy {
        forced = Map.copyOf(forced);
        forced.keySet()
                .forEach(name ->
                        require(
                                VersionId.isModelName(name),
                                "execution is set for '%s', which is no model's name",
                                name));
    }

    /**
     * What was chosen.
     *
     * @param execution never {@link Execution#AUTO}
     * @param reason for logs and the admin API
     */
    record Choice(Execution execution, String reason) {}

    Choice choose(String model, WarmUp.Result warmUp) {
        Execution wanted = forced.getOrDefault(model, Execution.AUTO);
        if (wanted != Execution.AUTO) {
            return new Choice(wanted, "set by the operator; " + warmUp.text());
        }
        Long medianNanos = warmUp.medianNanos();
        boolean isCheap = medianNanos != null && medianNanos < TURN_BELOW_NANOS;
        return new Choice(isCheap ? Execution.TURN : Execution.POOL, warmUp.text());
    }

    /** Microseconds with one decimal, as in {@code 4.1 us}. */
    static String micros(@Nullable Long nanos) {
        return nanos == null ? "unknown" : String.format(Locale.ROOT, "%.1f us", nanos / 1e3);
    }
}
