package dev.penstock.control;

import dev.penstock.inference.VersionId;
import dev.penstock.repository.LiveVersion;
import dev.penstock.repository.ModelRepository;
import dev.penstock.repository.ModelStore;
import dev.penstock.repository.StoreScan;
import dev.penstock.repository.StoredVersion;
import dev.penstock.repository.Version;
import dev.penstock.repository.VersionPolicy;
import dev.penstock.repository.VersionState;
import dev.penstock.runtime.Ticker;
import dev.penstock.serving.InferenceService;
import dev.penstock.serving.ServedModel;
import dev.penstock.serving.ServingTable;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes what is served follow what is in the store: look, plan, act, again and again on one thread.
 *
 * <p>The order of acts keeps every request answered: a version is published once it is Ready, and
 * leaves the table before it is drained.
 */
public final class Reconciler implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Reconciler.class);
    // A copy of many files wakes often; one look sees all of it.
    private static final long LOOK_GAP_NANOS = Duration.ofMillis(100).toNanos();

    private static final long SETTLE_LIMIT_NANOS = Duration.ofSeconds(30).toNanos();

    private final ModelStore store;
    private final ModelRepository repository;
    private final InferenceService service;
    private final VersionPolicy policy;
    private final Duration poll;
    private final Ticker ticker;
    private final Absences absences;
    private final Thread thread;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition woken = lock.newCondition();
    private boolean isLookWanted;
    private boolean isActWanted;
    private boolean isClosed;

    // Of the one thread that steps.
    private Map<VersionId, Absences.Missing> missing = new HashMap<>();
    private boolean hasLooked;
    private long firstLookNanos;
    private boolean wasReady;
    private @Nullable String lastTrouble;
    private volatile StoreScan scan = StoreScan.EMPTY;
    private volatile boolean guardHolds;

    /**
     * @param store closed by this
     * @param repository closed by this
     * @param policy of models whose configuration names none
     * @param poll between looks that nothing asked for
     */
    public Reconciler(
            ModelStore store,
            ModelRepository repository,
            InferenceService service,
            VersionPolicy policy,
            Duration poll,
            Ticker ticker) {
        this(store, repository, service, policy, poll, ticker, Absences.DEFAULT);
    }

    Reconciler(
            ModelStore store,
            ModelRepository repository,
            InferenceService service,
            VersionPolicy policy,
            Duration poll,
            Ticker ticker,
            Absences absences) {
        this.store = store;
        this.repository = repository;
        this.service = service;
        this.policy = policy;
        this.poll = poll;
        this.ticker = ticker;
        this.absences = absences;
        this.thread = Thread.ofPlatform().name("reconciler").daemon().unstarted(this::loop);
    }

    /** Begins to look, now and then for ever. */
    public void start() {
        repository.whenChanged(() -> wake(false));
        store.watch(() -> wake(true));
        thread.start();
    }

    /** Whether removals are held back because too much is missing from the store at once. */
    public boolean removalGuard() {
        return guardHolds;
    }

    /** All versions that are known, by name and number. Any thread. */
    public List<VersionView> versions() {
        return Views.of(repository.versions(), scan);
    }

    private void wake(boolean forALook) {
        lock.lock();
        try {
            isLookWanted |= forALook;
            isActWanted |= !forALook;
            woken.signal();
        } finally {
            lock.unlock();
        }
    }

    private void loop() {
        long lookedNanos = ticker.nanos() - poll.toNanos();
        try {
            while (true) {
                Wish wish = await(lookedNanos);
                if (wish == Wish.END) {
                    return;
                }
                if (wish == Wish.LOOK) {
                    lookedNanos = ticker.nanos();
                }
                guarded(wish);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    // One bad step must not end the following of the store.
    private void guarded(Wish wish) {
        try {
            if (wish == Wish.LOOK) {
                step();
            } else {
                act();
            }
        } catch (RuntimeException e) {
            LOG.atError().setCause(e).log("a step of the reconciler broke; it goes on");
        }
    }

    private enum Wish {
        LOOK,
        ACT,
        END
    }

    private Wish await(long lookedNanos) throws InterruptedException {
        lock.lock();
        try {
            while (true) {
                long sinceLook = ticker.nanos() - lookedNanos;
                long wait = (isLookWanted ? LOOK_GAP_NANOS : poll.toNanos()) - sinceLook;
                if (isClosed) {
                    return Wish.END;
                }
                if (wait <= 0) {
                    isLookWanted = false;
                    isActWanted = false;
                    return Wish.LOOK;
                }
                if (isActWanted) {
                    isActWanted = false;
                    return Wish.ACT;
                }
                woken.awaitNanos(Math.min(wait, TimeUnit.SECONDS.toNanos(1)));
            }
        } finally {
            lock.unlock();
        }
    }

    /** One look, and what follows from it. For the one thread that steps. */
    void step() {
        try {
            scan = store.scan();
            lastTrouble = null;
        } catch (IOException e) {
            String trouble = String.valueOf(e.getMessage());
            if (!trouble.equals(lastTrouble)) {
                lastTrouble = trouble;
                LOG.atError()
                        .addKeyValue("cause", e.getClass().getSimpleName())
                        .log("cannot look at the store, so all stays as it is");
            }
            return;
        }
        if (!hasLooked) {
            hasLooked = true;
            firstLookNanos = ticker.nanos();
        }
        missing = absences.look(missing, scan, lives(), ticker.nanos());
        act();
    }

    /** What follows from the last look and from what happened since. For the one thread. */
    void act() {
        if (!hasLooked) {
            return;
        }
        Set<VersionId> gone = absences.gone(missing, ticker.nanos());
        Collection<Life> lives = lives();
        Plan plan = Planner.plan(scan, policy, lives, gone);
        guard(plan.guardHolds());
        plan.forget().forEach(repository::forget);
        plan.refuse().forEach(repository::refuse);
        plan.load().forEach(repository::load);
        reportChanges();
        publish(new HashSet<>(plan.unload()));
        plan.unload().forEach(repository::unload);
        // Judged by the lives as they were before the table was made: a load that ended since is
        // not in it.
        boolean isAllLoaded = plan.load().isEmpty() && lives.stream().noneMatch(Life::isLoading);
        if (isAllLoaded) {
            markReady();
        }
    }

    private Collection<Life> lives() {
        return repository.versions().stream().map(Life::of).toList();
    }

    private void guard(boolean holds) {
        if (holds && !guardHolds) {
            LOG.error(
                    "removal guard: all versions of a model that serves are missing from the store;"
                            + " nothing is unloaded until they are back or the server is restarted");
        } else if (!holds && guardHolds) {
            LOG.info("removal guard lifted: the files are back");
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
    private void publish(Set<VersionId> leaving) {
        Map<String, Draft> drafts = new HashMap<>();
        for (Version version : repository.versions()) {
            Draft draft = drafts.computeIfAbsent(version.id().model(), name -> new Draft());
            long number = version.id().number();
            switch (version.state()) {
                case VersionState.Ready ready -> {
                    if (leaving.contains(version.id())) {
                        draft.pending.put(number, "Draining");
                    } else {
                        draft.versions.put(number, ready.version());
                    }
                }
                case VersionState.Loading loading -> draft.pending.put(number, "Loading");
                case VersionState.Draining draining -> draft.pending.put(number, "Draining");
                case VersionState.Unloaded unloaded -> {}
                case VersionState.Failed failed -> {}
            }
        }
        for (VersionId waiting : waiting()) {
            drafts.computeIfAbsent(waiting.model(), name -> new Draft())
                    .pending
                    .putIfAbsent(waiting.number(), "Waiting");
        }
        Map<String, ServedModel> models = new HashMap<>();
        drafts.forEach((name, draft) -> models.put(name, draft.served(name)));
        ServingTable before = service.table();
        if (!before.models().equals(models)) {
            service.publish(new ServingTable(before.revision() + 1, models));
        }
    }

    private static final class Draft {
        private final NavigableMap<Long, LiveVersion> versions = new TreeMap<>();
        private final Map<Long, String> pending = new HashMap<>();

        ServedModel served(String name) {
            LiveVersion newest = versions.isEmpty() ? null : versions.lastEntry().getValue();
            return new ServedModel(name, versions, pending, newest);
        }
    }

    /**
     * Stops to look, takes everything out of the table, then drains and closes it. Requests that
     * come later find their model not ready.
     */
    @Override
    public void close() {
        lock.lock();
        try {
            isClosed = true;
            woken.signal();
        } finally {
            lock.unlock();
        }
        store.close();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Set<VersionId> all = new HashSet<>();
        repository.versions().forEach(version -> all.add(version.id()));
        publish(all);
        repository.close();
    }
}
