package dev.penstock.admin;

import dev.penstock.runtime.Deadline;
import dev.penstock.runtime.Ticker;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The course of something that takes long. Any thread. */
final class Operation {
    private static final int ALL_PERCENT = 100;

    private final String id;
    private final String kind;
    private final String model;
    private final int stepsInAll;
    private final InstantSource clock;
    private final List<OperationView.Step> steps = new ArrayList<>();
    private @Nullable String version;
    private @Nullable Thread thread;
    private boolean isEndable;
    private boolean isCancelled;
    private boolean isCommitted;
    private int percentOfStep;
    private String state = "running";
    private @Nullable Object result;
    private @Nullable Problem problem;

    /**
     * @param stepsInAll how many it will have
     */
    Operation(
            String id,
            String kind,
            String model,
            @Nullable String version,
            int stepsInAll,
            InstantSource clock) {
        this.id = id;
        this.kind = kind;
        this.model = model;
        this.version = version;
        this.stepsInAll = stepsInAll;
        this.clock = clock;
    }

    String id() {
        return id;
    }

    synchronized void version(String number) {
        version = number;
    }

    /** Ends the step before, and begins another. */
    synchronized void begin(String step) {
        endStep("done", null);
        percentOfStep = 0;
        steps.add(new OperationView.Step(step, "running", null, now()));
    }

    /**
     * Begins the step that takes effect, unless it was cancelled before.
     *
     * @throws InterruptedException when it was
     */
    void commit(String step) throws InterruptedException {
        if (!tryCommit(step)) {
            throw new InterruptedException("cancelled");
        }
    }

    /** Begins the step that takes effect; returns false when it was cancelled before. */
    synchronized boolean tryCommit(String step) {
        if (isCancelled) {
            return false;
        }
        isCommitted = true;
        begin(step);
        return true;
    }

    /** Whether it took effect, or is about to: what ends it from then on undoes nothing. */
    synchronized boolean isCommitted() {
        return isCommitted;
    }

    /** Says something of the step that it is at. */
    synchronized void note(String detail) {
        int last = steps.size() - 1;
        OperationView.Step step = steps.get(last);
        steps.set(last, new OperationView.Step(step.name(), step.state(), detail, step.at()));
    }

    /** Says how far the step that it is at is. */
    synchronized void progress(int percent) {
        percentOfStep = Math.clamp(percent, 0, ALL_PERCENT - 1);
    }

    private void endStep(String how, @Nullable String detail) {
        int last = steps.size() - 1;
        if (last >= 0 && steps.get(last).state().equals("running")) {
            OperationView.Step step = steps.get(last);
            String said = detail == null ? step.detail() : detail;
            steps.set(last, new OperationView.Step(step.name(), how, said, now()));
        }
    }

    private String now() {
        return clock.instant().truncatedTo(ChronoUnit.MILLIS).toString();
    }

    synchronized void done(Object answer) {
        endStep("done", null);
        state = "done";
        result = answer;
        thread = null;
        notifyAll();
    }

    synchronized void failed(Problem why) {
        boolean isCancelled = why.code().equals(ProblemCode.CANCELLED.name());
        endStep("failed", why.detail());
        state = isCancelled ? "cancelled" : "failed";
        problem = why;
        thread = null;
        notifyAll();
    }

    synchronized void runs(Thread by) {
        if (state.equals("running")) {
            thread = by;
        }
    }

    /** Whether a thread is at it. */
    synchronized boolean isUnderWay() {
        return thread != null;
    }

    /** Waits until no thread is at it; says whether that came to be. */
    synchronized boolean awaitEnd(Deadline until, Ticker ticker) throws InterruptedException {
        while (thread != null) {
            long left = until.atNanos() - ticker.nanos();
            if (left <= 0) {
                return false;
            }
            // One more, so that it is never for ever.
            wait(TimeUnit.NANOSECONDS.toMillis(left) + 1);
        }
        return true;
    }

    synchronized boolean isRunning() {
        return state.equals("running");
    }

    /**
     * Says whether it may be ended from here on: only while it waits for something that changes
     * nothing, for an interrupt in the middle of a write would close the file.
     *
     * @throws InterruptedException when it was cancelled
     */
    synchronized void mayEnd(boolean may) throws InterruptedException {
        isEndable = may;
        boolean isTold = !may && Thread.interrupted();
        if (isTold || (may && isCancelled)) {
            isEndable = false;
            throw new InterruptedException("cancelled");
        }
    }

    /** Ends it, if it can still be ended; what took effect stays so. */
    synchronized void cancel() {
        isCancelled = true;
        if (isEndable && thread != null) {
            thread.interrupt();
        }
    }

    synchronized OperationView view() {
        long done = steps.stream().filter(step -> step.state().equals("done")).count();
        int percent =
                state.equals("done")
                        ? ALL_PERCENT
                        : (int)
                                Math.min(
                                        ALL_PERCENT - 1,
                                        (done * ALL_PERCENT + percentOfStep) / stepsInAll);
        return new OperationView(
                id,
                kind,
                model,
                version,
                steps.isEmpty() ? "queued" : steps.getLast().name(),
                percent,
                state,
                List.copyOf(steps),
                result,
                problem,
                null);
    }
}
