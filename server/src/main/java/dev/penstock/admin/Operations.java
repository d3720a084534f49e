package dev.penstock.admin;

import dev.penstock.inference.Incident;
import dev.penstock.inference.PredictionId;
import dev.penstock.runtime.Deadline;
import dev.penstock.runtime.Ticker;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What takes long and goes on after its request was answered: a few at a time, and the last that
 * ended are remembered for as long as the process lives. Any thread.
 */
public final class Operations {
    private static final Logger LOG = LoggerFactory.getLogger(Operations.class);
    private static final int MAX_RUNNING = 32;
    private static final int MAX_KEPT = 256;

    private final InstantSource clock;
    private final Supplier<PredictionId> ids;
    private final Ticker ticker;
    private final Map<String, Operation> byId = new LinkedHashMap<>();
    private boolean isClosed;

    /** All that are remembered. */
    public record OperationList(List<OperationView> operations) {}

    /** What an operation does. */
    @FunctionalInterface
    interface Work {
        /**
         * Runs, telling its steps; returns what the request would have been answered.
         *
         * @throws AdminException when it fails
         */
        Object run(Operation course) throws InterruptedException;
    }

    /**
     * @param ids makes names that nobody guesses
     */
    public Operations(InstantSource clock, Ticker ticker, Supplier<PredictionId> ids) {
        this.clock = clock;
        this.ticker = ticker;
        this.ids = ids;
    }

    /**
     * Keeps a place for an operation, before anything is done for it.
     *
     * @throws AdminException when too many are running
     */
    synchronized Operation open(
            String kind, String model, @Nullable String version, int stepsInAll) {
        long running = byId.values().stream().filter(Operation::isRunning).count();
        if (running >= MAX_RUNNING || isClosed) {
            throw AdminException.of(
                    ProblemCode.TOO_MANY_OPERATIONS,
                    running + " operations are running",
                    "wait for some of them to end, or cancel them");
        }
        Operation made =
                new Operation(ids.get().toString(), kind, model, version, stepsInAll, clock);
        byId.put(made.id(), made);
        if (byId.size() > MAX_KEPT) {
            byId.values().stream()
                    .filter(each -> !each.isRunning())
                    .findFirst()
                    .ifPresent(oldest -> byId.remove(oldest.id()));
        }
        return made;
    }

    /** A name that nothing else has. */
    String newName() {
        return ids.get().toString();
    }

    /** Lets an operation run on a thread of its own. */
    void start(Operation operation, Work work) {
        Thread thread = Thread.ofVirtual().name("operation").unstarted(() -> run(operation, work));
        operation.runs(thread);
        thread.start();
    }

    /** Forgets an operation that was never started. */
    synchronized void drop(Operation operation) {
        byId.remove(operation.id());
    }

    private void run(Operation operation, Work work) {
        try {
            operation.done(work.run(operation));
        } catch (AdminException e) {
            operation.failed(e.problem());
        } catch (InterruptedException e) {
            operation.failed(
                    operation.isCommitted()
                            ? Problem.of(
                                    ProblemCode.CANCELLED,
                                    "it was cancelled after it took effect: what it changed stays",
                                    "see what it is about, and take it back there")
                            : Problem.of(
                                    ProblemCode.CANCELLED,
                                    "it was cancelled before it took effect",
                                    null));
        } catch (RuntimeException | Error e) {
            String incident = Incident.report(ids.get(), "operation failed", e).incident();
            operation.failed(AdminApi.internal(incident));
        }
    }

    /** All that are remembered, the youngest first. */
    synchronized List<OperationView> list() {
        List<OperationView> views = new ArrayList<>();
        byId.values().forEach(each -> views.addFirst(each.view()));
        return views;
    }

    OperationView get(String id) {
        return find(id).view();
    }

    /** Ends one; what it did already stays done. */
    OperationView cancel(String id) {
        Operation operation = find(id);
        operation.cancel();
        return operation.view();
    }

    private synchronized Operation find(String id) {
        Operation operation = byId.get(id);
        if (operation == null) {
            throw AdminException.notFound("there is no such operation, or it was forgotten");
        }
        return operation;
    }

    /**
     * Takes no more, cancels what may be cancelled, and waits for the rest, so that what took
     * effect is written down.
     *
     * @param until then at the latest; what still goes on is named in the log
     */
    public void close(Deadline until) {
        List<Operation> underWay;
        synchronized (this) {
            isClosed = true;
            byId.values().forEach(Operation::cancel);
            underWay = byId.values().stream().filter(Operation::isUnderWay).toList();
        }
        List<String> left = new ArrayList<>();
        try {
            for (Operation each : underWay) {
                if (!each.awaitEnd(until, ticker)) {
                    left.add(each.id());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (!left.isEmpty()) {
            LOG.atWarn().addKeyValue("operations", left).log("operations are left behind");
        }
    }
}
