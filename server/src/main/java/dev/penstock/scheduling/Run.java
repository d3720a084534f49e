package dev.penstock.scheduling;

import dev.penstock.engine.EngineException;
import dev.penstock.inference.Exchange;
import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.inference.Incident;
import dev.penstock.inference.InferResponse;
import dev.penstock.inference.Outcome;
import dev.penstock.inference.VersionInfo;
import dev.penstock.runtime.Deadline;
import dev.penstock.runtime.Ticker;
import dev.penstock.tensor.TensorSet;
import java.time.Duration;

/** The run of one exchange: what both schedulers do once it is its turn. */
final class Run {
    // A caller may set a deadline shorter than any run: a run that was ended soon says nothing of
    // the model.
    private static final long HELD_NANOS = Duration.ofMillis(10).toNanos();

    private final VersionInfo version;
    private final Ticker ticker;
    private final long maxRunNanos;

    Run(VersionInfo version, Ticker ticker, long maxRunNanos) {
        this.version = version;
        this.ticker = ticker;
        this.maxRunNanos = maxRunNanos;
    }

    VersionInfo version() {
        return version;
    }

    /**
     * Runs and answers; throws only what the reply throws.
     *
     * @return whether the run was ended after it had held its thread for long
     */
    boolean answer(Exchange exchange, WatchedRunner runner) {
        long now = ticker.nanos();
        exchange.started(now);
        Outcome outcome = outcome(exchange, runner, now);
        exchange.answer(outcome);
        return outcome instanceof Failure.DeadlineExceeded && exchange.computeNanos() >= HELD_NANOS;
    }

    /** Whether nobody waits for the answer any more. */
    static boolean isOver(Exchange exchange, long nowNanos) {
        return exchange.isCancelled() || exchange.request().deadline().isPast(nowNanos);
    }

    /** The answer without a run to an exchange that is over. */
    static void drop(Exchange exchange, long nowNanos) {
        exchange.started(nowNanos);
        exchange.answer(whyOver(exchange));
    }

    private static Failure whyOver(Exchange exchange) {
        return exchange.isCancelled()
                ? new Failure.Cancelled()
                : new Failure.DeadlineExceeded("Request timeout expired");
    }

    private Outcome outcome(Exchange exchange, WatchedRunner runner, long now) {
        if (isOver(exchange, now)) {
            return whyOver(exchange);
        }
        Deadline deadline = exchange.request().deadline();
        long limit = deadline.earlier(Deadline.after(now, maxRunNanos)).atNanos();
        try {
            TensorSet outputs =
                    runner.run(exchange.request().inputs(), exchange.request().outputs(), limit);
            return new InferResponse(version, outputs);
        } catch (FailureException e) {
            return e.failure();
        } catch (EngineException | RuntimeException | Error e) {
            // An error is mostly of memory: of this run's, which is freed now.
            return Incident.report(exchange.id(), "run of " + version.id() + " failed", e);
        } finally {
            exchange.finished(ticker.nanos());
        }
    }
}
