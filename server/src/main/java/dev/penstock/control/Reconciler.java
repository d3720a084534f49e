package dev.penstock.control;

import dev.penstock.inference.VersionId;
import dev.penstock.repository.ModelRepository;
import dev.penstock.repository.ModelStore;
import dev.penstock.repository.StoreScan;
import dev.penstock.repository.StoredVersion;
import dev.penstock.repository.Version;
import dev.penstock.repository.VersionPolicy;
import dev.penstock.repository.VersionState;
import dev.penstock.runtime.Deadline;
import dev.penstock.runtime.Ticker;
import dev.penstock.serving.InferenceService;
import dev.penstock.serving.ServedModel;
import dev.penstock.serving.ServingTable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes what is served follow what is in the store and what operators want: plan and act, again and
 * again on one thread. Another looks at the store and hands over what it saw, so that a disk that
 * hangs holds back nothing but news of itself.
 *
 * <p>The order of acts keeps every request answered: a version is published once it is Ready, and
 * leaves the table before it is drained.
 */
public final class Reconciler implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Reconciler.class);
    // A copy of many files wakes often; one look sees all of it.
    private static final long LOOK_GAP_NANOS = Duration.ofMillis(100).toNanos();

    private static final long CLOSE_LIMIT_NANOS = Duration.ofSeconds(20).toNanos();
    private static final Duration LOOKER_LIMIT = Duration.ofMillis(500);
    private static final long SETTLE_LIMIT_NANOS = Duration.ofSeconds(30).toNanos();

    private final ModelStore store;
    private final ControlStore wanted;
    private final ModelRepository repository;
    private final InferenceService service;
    private volatile VersionPolicy policy;
    private volatile Duration poll;
    private final Ticker ticker;
    private final Absences absences;
    private final StoreEye eye;
    private final Thread thread;
    private final Thread looker;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition woken = lock.newCondition();
    private final Condition acted = lock.newCondition();
    private final List<Hold> holds = new ArrayList<>();
    private final Set<VersionId> again = new HashSet<>();
    private final Set<VersionId> confirmed = new HashSet<>();
    private long appliedRevision = -1;
    private long looksBegun;
    private long looksDone;
    private boolean isLookWanted;
    private boolean isActWanted;
    private boolean isClosed;
    // What the looker saw and the other thread did not take yet.
    private StoreEye.@Nullable Sight sight;

    // Of the one thread that steps.
    private volatile Map<VersionId, Absences.Missing> missing = Map.of();
    private boolean hasLooked;
    private long firstLookNanos;
    private long lookedNanos;
    private boolean wasReady;
    private volatile StoreScan scan = StoreScan.EMPTY;
    private volatile boolean guardHolds;

    /**
     * @param store closed by this
     * @param wanted what operators want; stays the caller's
     * @param repository closed by this
     * @param policy of models whose configuration names none
     * @param poll between looks that nothing asked for
     */
    public Reconciler(
            ModelStore store,
            ControlStore wanted,
            ModelRepository repository,
            InferenceService service,
            VersionPolicy policy,
            Duration poll,
            Ticker ticker) {
        this(store, wanted, repository, service, policy, poll, ticker, Absences.DEFAULT);
    }

    Reconciler(
            ModelStore store,
            ControlStore wanted,
            ModelRepository repository,
            InferenceService service,
            VersionPolicy policy,
            Duration poll,
            Ticker ticker,
            Absences absences) {
        this.store = store;
        this.wanted = wanted;
        this.repository = repository;
        this.service = service;
        this.policy = policy;
        this.poll = poll;
        this.ticker = ticker;
        this.absences = absences;
        this.eye = new StoreEye(store, ticker);
        this.thread = Thread.ofPlatform().name("reconciler").daemon().unstarted(this::loop);
        this.looker = Thread.ofPlatform().name("store-looker").daemon().unstarted(this::watch);
    }

    /** Begins to look, now and then for ever. */
    public void start() {
        repository.whenChanged(() -> wake(false));
        store.watch(() -> wake(true));
        wanted.watch(state -> wake(false));
        thread.start();
        looker.start();
    }

    /** Whether removals are held back because too much is missing from the store at once. */
    public boolean removalGuard() {
        return guardHolds;
    }

    /** What the last look found missing of what is alive. Any thread. */
    public Set<VersionId> missing() {
        return new TreeSet<>(missing.keySet());
    }

    /**
     * Takes the removal of these versions as meant, as long as they are missing: the guard does not
     * hold it back. Any thread.
     */
    public void confirmRemoval(Set<VersionId> removed) {
        lock.lock();
        try {
            confirmed.addAll(removed);
            confirmed.retainAll(missing.keySet());
            isActWanted = true;
            woken.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** All versions that are known, by name and number. Any thread. */
    public List<VersionView> versions() {
        return Views.of(repository.versions(), scan);
    }

    /** What operators want now. Any thread. */
    public DesiredState desired() {
        return wanted.read();
    }

    /** What the last look at the store saw. Any thread. */
    public StoreScan scan() {
        return scan;
    }

    /** The latest life of every version that is known. Any thread. */
    public List<Version> alive() {
        return repository.versions();
    }

    /**
     * Wants a version loaded until the hold is closed, without giving it any traffic that it does
     * not have: for changes that need it before they take effect. A version that failed is tried
     * once more. Any thread.
     */
    public Hold hold(VersionId id) {
        Version version = repository.find(id);
        boolean isReady = version != null && version.state() instanceof VersionState.Ready;
        lock.lock();
        try {
            Hold hold = new Hold(id, !isReady, looksBegun);
            holds.add(hold);
            if (version != null && version.state() instanceof VersionState.Failed) {
                again.add(id);
            }
            isActWanted = true;
            isLookWanted = true;
            woken.signalAll();
            return hold;
        } finally {
            lock.unlock();
        }
    }

    /** A version that a change needs. */
    public final class Hold implements AutoCloseable {
        private final VersionId id;
        private final boolean isNew;
        private final long looksBefore;

        private Hold(VersionId id, boolean isNew, long looksBefore) {
            this.id = id;
            this.isNew = isNew;
            this.looksBefore = looksBefore;
        }

        /**
         * Waits until the version is Ready or Failed, or is known not to be in the store.
         *
         * @return its life; null when it is not in the store, or not whole there
         * @throws TimeoutException when that takes longer than {@code atMost}
         */
        public @Nullable Version await(Duration atMost)
                throws InterruptedException, TimeoutException {
            lock.lock();
            try {
                Reconciler.this.await(this::isOver, atMost, id + " is not loaded yet");
                Version version = repository.find(id);
                return version != null && isSettled(version.state()) ? version : null;
            } finally {
                lock.unlock();
            }
        }

        private boolean isOver() {
            Version version = repository.find(id);
            if (version != null && isSettled(version.state())) {
                return !again.contains(id);
            }
            boolean isMoving = version != null && !Reconciler.isOver(version.state());
            boolean isStored = scan.find(id) instanceof StoredVersion.Published;
            return looksDone > looksBefore && !isMoving && !isStored;
        }

        @Override
        public void close() {
            lock.lock();
            try {
                holds.remove(this);
                isActWanted = true;
                woken.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    private static boolean isSettled(VersionState state) {
        return state instanceof VersionState.Ready || state instanceof VersionState.Failed;
    }

    private static boolean isOver(VersionState state) {
        return state instanceof VersionState.Failed || state instanceof VersionState.Unloaded;
    }

    /**
     * Waits until what is served follows the desired state of that revision or a later one.
     *
     * @throws TimeoutException when that takes longer than {@code atMost}
     */
    public void awaitServed(long revision, Duration atMost)
            throws InterruptedException, TimeoutException {
        await(
                () -> appliedRevision >= revision,
                atMost,
                "revision " + revision + " is not served yet");
    }

    /**
     * Waits until no life of a version is loaded, loading or draining.
     *
     * @throws TimeoutException when that takes longer than {@code atMost}
     */
    public void awaitOver(VersionId id, Duration atMost)
            throws InterruptedException, TimeoutException {
        await(
                () -> {
                    Version version = repository.find(id);
                    return version == null || isOver(version.state());
                },
                atMost,
                id + " is not unloaded yet");
    }

    /**
     * Asks for a look at the store and waits until one that began after this call was acted upon.
     *
     * @throws TimeoutException when that takes longer than {@code atMost}
     */
    public void awaitLook(Duration atMost) throws InterruptedException, TimeoutException {
        lock.lock();
        try {
            long before = looksBegun;
            isLookWanted = true;
            woken.signalAll();
            await(() -> looksDone > before, atMost, "nobody could look at the store yet");
        } finally {
            lock.unlock();
        }
    }

    private void await(BooleanSupplier isSo, Duration atMost, String otherwise)
            throws InterruptedException, TimeoutException {
        long until = ticker.nanos() + atMost.toNanos();
        lock.lock();
        try {
            while (!isSo.getAsBoolean()) {
                long left = until - ticker.nanos();
                if (left <= 0 || isClosed) {
                    throw new TimeoutException(otherwise);
                }
                // Signalled after every act; the bound is for a clock that tests move.
                var _ = acted.awaitNanos(Math.min(left, TimeUnit.MILLISECONDS.toNanos(100)));
            }
        } finally {
            lock.unlock();
        }
    }

    /** Goes by another policy and another pause between looks from now on. Any thread. */
    public void settings(VersionPolicy nextPolicy, Duration nextPoll) {
        policy = nextPolicy;
        poll = nextPoll;
        wake(false);
    }

    /** Looks at the store soon, because somebody changed it. Any thread. */
    public void lookSoon() {
        wake(true);
    }

    private void wake(boolean forALook) {
        lock.lock();
        try {
            isLookWanted |= forALook;
            isActWanted |= !forALook;
            woken.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void loop() {
        try {
            while (awaitWork()) {
                guarded(this::takeAndAct);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void watch() {
        long begunNanos = ticker.nanos() - poll.toNanos();
        try {
            while (awaitLook(begunNanos)) {
                begunNanos = ticker.nanos();
                guarded(this::lookAndHandOver);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    // One bad step must not end the following of the store.
    private static void guarded(Runnable part) {
        try {
            part.run();
        } catch (RuntimeException | Error e) {
            LOG.atError().setCause(e).log("a step of the reconciler broke; it goes on");
        }
    }

    /** Waits until there is something to do; false at the end. */
    private boolean awaitWork() throws InterruptedException {
        lock.lock();
        try {
            while (!isActWanted && sight == null && !isClosed) {
                woken.await();
            }
            isActWanted = false;
            return !isClosed;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until it is time to look; false at the end. */
    private boolean awaitLook(long begunNanos) throws InterruptedException {
        lock.lock();
        try {
            while (!isClosed) {
                long since = ticker.nanos() - begunNanos;
                long wait = (isLookWanted ? LOOK_GAP_NANOS : poll.toNanos()) - since;
                if (wait <= 0) {
                    isLookWanted = false;
                    return true;
                }
                woken.awaitNanos(Math.min(wait, TimeUnit.SECONDS.toNanos(1)));
            }
            return false;
        } finally {
            lock.unlock();
        }
    }

    private void lookAndHandOver() {
        StoreEye.Sight seen = look();
        lock.lock();
        try {
            // Each look counts: one that nobody took yet gives way only to a younger one.
            sight = seen != null ? seen : sight;
            isActWanted = true;
            woken.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void takeAndAct() {
        StoreEye.Sight seen;
        lock.lock();
        try {
            seen = sight;
            sight = null;
        } finally {
            lock.unlock();
        }
        follow(seen);
    }

    /**
     * One look, and what follows from it; when nothing can be seen, what follows from the look
     * before. For the one thread that steps.
     */
    void step() {
        follow(look());
    }

    private void follow(StoreEye.@Nullable Sight seen) {
        if (seen != null) {
            take(seen);
        }
        // Operators, loads and drains do not wait for a disk.
        act();
        if (seen != null) {
            endLook(seen.number());
        }
    }

    private StoreEye.@Nullable Sight look() {
        return eye.look(beginLook());
    }

    private void take(StoreEye.Sight seen) {
        scan = seen.scan();
        lookedNanos = seen.atNanos();
        if (!hasLooked) {
            hasLooked = true;
            firstLookNanos = lookedNanos;
        }
        missing = absences.look(missing, scan, lives(), lookedNanos);
        forgetConfirmed();
    }

    // What came back may go missing again, and nobody confirmed that.
    private void forgetConfirmed() {
        lock.lock();
        try {
            confirmed.retainAll(missing.keySet());
        } finally {
            lock.unlock();
        }
    }

    private Set<VersionId> confirmed() {
        lock.lock();
        try {
            return Set.copyOf(confirmed);
        } finally {
            lock.unlock();
        }
    }

    private long beginLook() {
        lock.lock();
        try {
            return ++looksBegun;
        } finally {
            lock.unlock();
        }
    }

    private void endLook(long look) {
        lock.lock();
        try {
            looksDone = look;
            acted.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** What follows from the last look and from what happened since. For the one thread. */
    void act() {
        if (!hasLooked) {
            return;
        }
        // Time in which nobody could look makes nothing gone.
        Set<VersionId> gone = absences.gone(missing, lookedNanos);
        DesiredState desired = wanted.read();
        Wishes wishes = wishes(desired);
        Collection<Life> lives = lives();
        Plan plan = Planner.plan(scan, policy, lives, gone, confirmed(), wishes);
        guard(plan.guardHolds());
        plan.forget().forEach(repository::forget);
        plan.refuse().forEach(repository::refuse);
        plan.load().forEach(repository::load);
        reportChanges();
        publish(desired, new HashSet<>(plan.unload()));
        plan.unload().forEach(repository::unload);
        // Judged by the lives as they were before the table was made: a load that ended since is
        // not in it.
        if (plan.load().isEmpty() && lives.stream().noneMatch(Life::isLoading)) {
            markReady();
        }
        served(desired.revision(), wishes);
    }

    private Wishes wishes(DesiredState desired) {
        lock.lock();
        try {
            Set<VersionId> held = new HashSet<>();
            holds.forEach(hold -> held.add(hold.id));
            return Wishes.of(desired, held, Set.copyOf(again));
        } finally {
            lock.unlock();
        }
    }

    private void served(long revision, Wishes done) {
        lock.lock();
        try {
            appliedRevision = revision;
            again.removeAll(done.again());
            acted.signalAll();
        } finally {
            lock.unlock();
        }
    }

    // Versions that only a change in progress wants: they take no traffic by being the newest.
    private Set<VersionId> newlyHeld() {
        lock.lock();
        try {
            Set<VersionId> held = new HashSet<>();
            for (Hold hold : holds) {
                if (hold.isNew) {
                    held.add(hold.id);
                }
            }
            return held;
        } finally {
            lock.unlock();
        }
    }

    private Collection<Life> lives() {
        return repository.versions().stream().map(Life::of).toList();
    }

    private void guard(boolean holds) {
        if (holds && !guardHolds) {
            LOG.error(
                    "removal guard: all versions or the folder of a model that serves are missing"
                            + " from the store; nothing is unloaded until they are back or their"
                            + " removal is confirmed");
        } else if (!holds && guardHolds) {
            LOG.info("removal guard lifted: the files are back, or their removal is confirmed");
        }
        guardHolds = holds;
    }

    private void reportChanges() {
        for (Version version : repository.versions()) {
            if (version.state() instanceof VersionState.Ready) {
                StoredVersion stored = scan.find(version.id());
                String files = stored == null ? null : stored.fingerprint().files();
                boolean isSame = files == null || files.equals(version.fingerprint().files());
                repository.changedOnDisk(version.id(), isSame ? null : files);
            }
        }
    }

    // In the store, perhaps not whole yet, and not alive.
    private List<VersionId> waiting() {
        return scan.models().values().stream()
                .flatMap(model -> model.versions().values().stream())
                .filter(stored -> stored instanceof StoredVersion.Waiting)
                .map(StoredVersion::id)
                .filter(id -> repository.find(id) == null)
                .toList();
    }

    // What the first look found is loaded or failed. Files that are still settling count as
    // loading, for a while: who starts a server beside fresh files wants them served when it says
    // that it is ready.
    private void markReady() {
        if (wasReady) {
            return;
        }
        if (!waiting().isEmpty() && ticker.nanos() - firstLookNanos < SETTLE_LIMIT_NANOS) {
            return;
        }
        wasReady = true;
        service.markReady();
    }

    /** Publishes what is alive, but for what is about to be unloaded, when that is news. */
    private void publish(DesiredState desired, Set<VersionId> leaving) {
        Map<String, ServedModel> models =
                TableModels.of(desired, repository.versions(), waiting(), newlyHeld(), leaving);
        ServingTable before = service.table();
        if (!before.models().equals(models)) {
            service.publish(new ServingTable(before.revision() + 1, models));
        }
    }

    @Override
    public void close() {
        close(Deadline.after(ticker.nanos(), CLOSE_LIMIT_NANOS));
    }

    /**
     * Stops to look, takes everything out of the table, then drains and closes it. Requests that
     * come later find their model not ready.
     *
     * @param until then at the latest: neither a disk nor the runtime can be told to hurry
     */
    public void close(Deadline until) {
        lock.lock();
        try {
            isClosed = true;
            woken.signalAll();
        } finally {
            lock.unlock();
        }
        store.close();
        try {
            // What was never started has nothing to wait for, and may not be joined for a time.
            if (thread.isAlive()) {
                thread.join(Duration.ofNanos(Math.max(1, until.atNanos() - ticker.nanos())));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Set<VersionId> all = new HashSet<>();
        repository.versions().forEach(version -> all.add(version.id()));
        publish(wanted.read(), all);
        repository.close(until);
        awaitLooker();
    }

    // A look that is under way is let end if it soon does; one that hangs is left to its disk.
    private void awaitLooker() {
        try {
            if (looker.isAlive()) {
                looker.join(LOOKER_LIMIT);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
