package dev.penstock.admin;

import dev.penstock.control.Reconciler;
import dev.penstock.inference.VersionId;
import dev.penstock.repository.Version;
import dev.penstock.repository.VersionState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The versions that a change needs: loaded before it takes effect, held until it did. Closed by who
 * makes the change.
 */
final class Loads implements AutoCloseable {
    private final Reconciler reconciler;
    private final Duration limit;
    private final @Nullable Operation course;
    private final List<Reconciler.Hold> holds = new ArrayList<>();

    /**
     * @param limit how long each may take
     * @param course may be ended while they load; null for none
     */
    Loads(Reconciler reconciler, Duration limit, @Nullable Operation course) {
        this.course = course;
        this.reconciler = reconciler;
        this.limit = limit;
    }

    /**
     * Loads versions, side by side.
     *
     * @throws AdminException when one does not load
     */
    void load(String model, Collection<Long> numbers) throws InterruptedException {
        if (course == null) {
            await(model, numbers);
            return;
        }
        course.begin("load");
        course.mayEnd(true);
        try {
            await(model, numbers);
        } finally {
            course.mayEnd(false);
        }
    }

    private void await(String model, Collection<Long> numbers) throws InterruptedException {
        List<VersionId> ids =
                new TreeSet<>(numbers)
                        .stream().map(number -> new VersionId(model, number)).toList();
        int first = holds.size();
        for (VersionId id : ids) {
            holds.add(reconciler.hold(id));
        }
        for (int i = 0; i < ids.size(); i++) {
            await(ids.get(i), holds.get(first + i));
        }
    }

    private void await(VersionId id, Reconciler.Hold hold) throws InterruptedException {
        Version version;
        try {
            version = hold.await(limit);
        } catch (TimeoutException e) {
            throw AdminException.of(
                    ProblemCode.TIMEOUT,
                    id + " did not load within " + limit.toSeconds() + " s",
                    "it goes on loading as long as somebody wants it; try again");
        }
        if (version == null) {
            throw AdminException.of(
                    ProblemCode.NOT_LOADABLE, id + " is not whole in the store", null);
        }
        if (version.state() instanceof VersionState.Failed failed) {
            throw notLoadable(id, failed.step().word(), failed.reason(), failed.remedy());
        }
    }

    static AdminException notLoadable(VersionId id, String step, String reason, String remedy) {
        Problem problem =
                Problem.of(
                        ProblemCode.NOT_LOADABLE,
                        id + " failed at " + step + ": " + reason,
                        remedy);
        return new AdminException(problem.withLoad(new Problem.Load(step, reason, remedy)));
    }

    @Override
    public void close() {
        holds.forEach(Reconciler.Hold::close);
        holds.clear();
    }
}
