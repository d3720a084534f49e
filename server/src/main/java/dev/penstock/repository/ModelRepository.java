package dev.penstock.repository;

import dev.penstock.engine.Engine;
import dev.penstock.engine.Session;
import dev.penstock.inference.Signature;
import dev.penstock.inference.SignatureChange;
import dev.penstock.inference.VersionId;
import dev.penstock.inference.VersionInfo;
import dev.penstock.runtime.Deadline;
import dev.penstock.runtime.Ticker;
import dev.penstock.scheduling.SchedulingContext;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Versions alive: loads them on threads of its own, keeps their states, and closes them when they
 * were drained.
 *
 * <p>Orders come from one thread; loads and drains run on others. Loader threads are few and of the
 * lowest priority, so that a load takes little from predictions. Linux ignores the priority unless
 * the JVM is told otherwise, so what holds is the number of threads, and that each session is
 * opened with as few threads as it will run with.
 */
public final class ModelRepository implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ModelRepository.class);
    private static final int MAX_LOADERS = 2;
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(20);

    private final Ticker ticker;
    private final InstantSource clock;
    private final VersionListener listener;
    private final RunLimit limit;
    private final VersionLoader loader;
    private final ExecutorService loaders;
    private final ConcurrentMap<VersionId, Version> versions = new ConcurrentHashMap<>();
    private final Set<Thread> drains = ConcurrentHashMap.newKeySet();
    private volatile Runnable changed = () -> {};
    private volatile boolean isClosed;

    /**
     * @param engine stays the caller's, who closes it after this
     * @param intraOpThreads of each session
     * @param copies a folder of this process for files that are needed while a version is opened
     * @param clock for the times in states
     */
    // Nothing relies on the priority: it is a courtesy where the system grants it.
    @SuppressWarnings("ThreadPriorityCheck")
    public ModelRepository(
            Engine engine,
            SchedulingContext scheduling,
            ExecutionPolicy executions,
            int intraOpThreads,
            Path copies,
            InstantSource clock,
            VersionListener listener) {
        this(
                engine,
                scheduling,
                executions,
                intraOpThreads,
                copies,
                clock,
                listener,
                Executors.newFixedThreadPool(
                        Math.clamp(Runtime.getRuntime().availableProcessors() / 2, 1, MAX_LOADERS),
                        Thread.ofPlatform()
                                .name("loader-", 0)
                                .priority(Thread.MIN_PRIORITY)
                                .daemon()
                                .factory()));
    }

    ModelRepository(
            Engine engine,
            SchedulingContext scheduling,
            ExecutionPolicy executions,
            int intraOpThreads,
            Path copies,
            InstantSource clock,
            VersionListener listener,
            ExecutorService loaders) {
        this.ticker = scheduling.ticker();
        this.clock = clock;
        this.listener = listener;
        this.limit = new RunLimit(scheduling.maxRunNanos());
        this.loader =
                new VersionLoader(
                        engine,
                        scheduling,
                        executions,
                        intraOpThreads,
                        copies,
                        clock,
                        ticker,
                        limit);
        this.loaders = loaders;
    }

    /** Is told, from any thread, after a version entered a state by itself. */
    public void whenChanged(Runnable told) {
        changed = told;
    }

    /** The latest life of every version that is known, by name and number. */
    public List<Version> versions() {
        List<Version> all = new ArrayList<>(versions.values());
        all.sort((a, b) -> a.id().compareTo(b.id()));
        return all;
    }

    /** The latest life of a version, or null. */
    public @Nullable Version find(VersionId id) {
        return versions.get(id);
    }

    /** Begins a new life: Loading now, Ready or Failed later. The old one must be over. */
    public void load(StoredVersion.Published stored) {
        Version before = versions.get(stored.id());
        if (before != null && !isOver(before.state())) {
            throw new IllegalStateException(stored.id() + " is " + before.state().word());
        }
        Version version =
                new Version(
                        stored.id(),
                        stored.fingerprint(),
                        new VersionState.Loading(clock.instant()));
        versions.put(stored.id(), version);
        entered(version, version.state());
        long orderedNanos = ticker.nanos();
        try {
            loaders.execute(() -> load(version, stored, orderedNanos));
        } catch (RejectedExecutionException e) {
            enter(version, new VersionState.Unloaded(clock.instant(), null));
        }
    }

    private static boolean isOver(VersionState state) {
        return switch (state) {
            case VersionState.Loading l -> false;
            case VersionState.Ready r -> false;
            case VersionState.Draining d -> false;
            case VersionState.Unloaded u -> true;
            case VersionState.Failed f -> true;
        };
    }

    /** Keeps in mind that a version cannot be loaded as it is. The old life must be over. */
    public void refuse(StoredVersion.Refused refused) {
        Version version =
                new Version(
                        refused.id(),
                        refused.fingerprint(),
                        new VersionState.Failed(
                                clock.instant(),
                                refused.step(),
                                refused.reason(),
                                refused.remedy()));
        versions.put(refused.id(), version);
        entered(version, version.state());
    }

    /** Drops a version whose life is over. */
    public void forget(VersionId id) {
        Version version = versions.get(id);
        if (version != null && isOver(version.state()) && versions.remove(id, version)) {
            listener.forgotten(id);
        }
    }

    /**
     * Notes that the files of a version that is loaded are no longer what they were. They are not
     * looked at again: a version does not change.
     *
     * @param files the stamps now; null when they are as they were
     */
    public void changedOnDisk(VersionId id, @Nullable String files) {
        Version version = versions.get(id);
        if (version == null || java.util.Objects.equals(version.changedFiles(), files)) {
            return;
        }
        boolean isFirst = version.changedFiles() == null;
        version.changedFiles(files);
        if (files != null && isFirst) {
            LOG.atWarn()
                    .addKeyValue("version", id)
                    .log(
                            "files of {} were changed in place and the change is refused: what was"
                                    + " loaded serves on; publish changes under a new version number",
                            id);
        }
    }

    /**
     * Drains and closes a version that no table holds any more; returns at once.
     *
     * @param id of a version that is Ready; else nothing is done
     */
    public void unload(VersionId id) {
        Version version = versions.get(id);
        if (version == null || !(version.state() instanceof VersionState.Ready ready)) {
            return;
        }
        enter(version, new VersionState.Draining(clock.instant(), ready.version()));
        Thread drain =
                Thread.ofPlatform()
                        .name("drain-" + id)
                        .daemon()
                        .unstarted(() -> drain(version, ready.version()));
        drains.add(drain);
        drain.start();
    }

    private void drain(Version version, LiveVersion live) {
        try {
            close(live, version.session());
            heard(version.id(), () -> listener.unloaded(live.info()));
            enter(version, new VersionState.Unloaded(clock.instant(), live.info().sha256()));
        } finally {
            drains.remove(Thread.currentThread());
            changed.run();
        }
    }

    /** First what runs on the session, then the session; what stays open is told. */
    private static void close(LiveVersion live, @Nullable Session session) {
        try {
            live.scheduler().close();
            if (session != null) {
                session.close();
            }
        } catch (RuntimeException | Error e) {
            VersionId id = live.info().id();
            LOG.atError()
                    .setCause(e)
                    .addKeyValue("version", id)
                    .log("{} did not close as it should", id);
        }
    }

    // Whoever only listens cannot keep a version from its next state.
    private static void heard(VersionId id, Runnable telling) {
        try {
            telling.run();
        } catch (RuntimeException | Error e) {
            LOG.atError().setCause(e).log("what became of {} could not be counted", id);
        }
    }

    /**
     * Loads a version as if it were to serve, on a loader's thread, and closes it again. Waits.
     *
     * @return what it takes and gives
     * @throws LoadException saying at which step it failed
     */
    public Signature trial(StoredVersion.Published stored)
            throws LoadException, InterruptedException {
        Future<Signature> trial;
        try {
            trial = loaders.submit(() -> tried(stored));
        } catch (RejectedExecutionException e) {
            throw new LoadException(
                    LoadStep.FETCH, "the server is stopping", "try it again on a running server");
        }
        try {
            return trial.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof LoadException known) {
                throw known;
            }
            LOG.atError().setCause(e.getCause()).log("trial of {} broke", stored.id());
            throw new LoadException(
                    LoadStep.SESSION, "the load broke: " + e.getCause(), "the log has the cause");
        }
    }

    private Signature tried(StoredVersion.Published stored) throws LoadException {
        VersionLoader.Loaded loaded = loader.load(stored);
        loaded.version().scheduler().close();
        loaded.session().close();
        return loaded.version().info().signature();
    }

    private void load(Version version, StoredVersion.Published stored, long orderedNanos) {
        try {
            if (isClosed) {
                enter(version, new VersionState.Unloaded(clock.instant(), null));
                return;
            }
            VersionLoader.Loaded loaded = loader.load(stored);
            try {
                becomeReady(version, loaded, stored.files().bytes(), orderedNanos);
            } catch (RuntimeException | Error e) {
                close(loaded.version(), loaded.session());
                throw e;
            }
        } catch (LoadException e) {
            if (isClosed) {
                // The end of the server ended the warm-up.
                enter(version, new VersionState.Unloaded(clock.instant(), null));
            } else {
                fail(version, e.step(), e.reason(), e.remedy());
            }
        } catch (RuntimeException | Error e) {
            LOG.atError()
                    .setCause(e)
                    .addKeyValue("version", version.id())
                    .log("load of {} broke", version.id());
            fail(
                    version,
                    LoadStep.SESSION,
                    "the load broke: " + e.getClass().getSimpleName(),
                    "the log has the cause; it is tried again when its files change");
        } finally {
            changed.run();
        }
    }

    /** Says what callers of the version before may trip over. It is served all the same. */
    private void warnOfChange(VersionInfo next) {
        VersionInfo before = null;
        for (Version other : versions.values()) {
            if (other.id().model().equals(next.id().model())
                    && other.id().number() < next.id().number()
                    && other.state() instanceof VersionState.Ready ready
                    && (before == null || other.id().number() > before.id().number())) {
                before = ready.version().info();
            }
        }
        String change =
                before == null
                        ? null
                        : SignatureChange.breaking(before.signature(), next.signature());
        if (before != null && change != null) {
            LOG.atWarn()
                    .addKeyValue("version", next.id())
                    .addKeyValue("before", before.id())
                    .log(
                            "{} breaks callers of {}: {}",
                            next.id(),
                            before.id(),
                            OutsideText.printable(change));
        }
    }

    private void becomeReady(
            Version version, VersionLoader.Loaded loaded, long fileBytes, long orderedNanos) {
        version.session(loaded.session());
        LiveVersion live = loaded.version();
        long loadNanos = ticker.nanos() - orderedNanos;
        VersionState ready =
                new VersionState.Ready(
                        clock.instant(),
                        live,
                        fileBytes,
                        loadNanos,
                        loaded.execution(),
                        loaded.executionReason());
        warnOfChange(live.info());
        listener.loaded(live, fileBytes, loadNanos);
        enter(version, ready);
    }

    private void fail(Version version, LoadStep step, String reason, String remedy) {
        enter(version, new VersionState.Failed(clock.instant(), step, reason, remedy));
    }

    private void enter(Version version, VersionState next) {
        version.enter(next);
        entered(version, next);
    }

    private void entered(Version version, VersionState state) {
        VersionId id = version.id();
        heard(id, () -> listener.entered(id, state.word()));
        switch (state) {
            case VersionState.Failed failed ->
                    LOG.atError()
                            .addKeyValue("version", id)
                            .addKeyValue("state", "failed")
                            .addKeyValue("step", failed.step().word())
                            .addKeyValue("remedy", failed.remedy())
                            .log(
                                    "{} failed at {}: {}; remedy: {}",
                                    id,
                                    failed.step().word(),
                                    OutsideText.printable(failed.reason()),
                                    failed.remedy());
            case VersionState.Ready ready ->
                    LOG.atInfo()
                            .addKeyValue("version", id)
                            .addKeyValue("state", "ready")
                            .addKeyValue("sha256", ready.version().info().shortDigest())
                            .addKeyValue("bytes", ready.fileBytes())
                            .addKeyValue("loadMillis", ready.loadNanos() / 1_000_000)
                            .addKeyValue("execution", ready.execution().word())
                            .addKeyValue("reason", ready.executionReason())
                            .log("{} is ready", id);
            case VersionState.Loading l -> log(id, state);
            case VersionState.Draining d -> log(id, state);
            case VersionState.Unloaded u -> log(id, state);
        }
    }

    private static void log(VersionId id, VersionState state) {
        LOG.atInfo()
                .addKeyValue("version", id)
                .addKeyValue("state", state.word())
                .log("{} is {}", id, state.word());
    }

    @Override
    public void close() {
        close(Deadline.after(ticker.nanos(), CLOSE_LIMIT.toNanos()));
    }

    /**
     * Waits for loads in progress, then drains and closes every version. No orders must come any
     * more.
     *
     * @param until then at the latest, since a load inside the runtime cannot be ended
     */
    public void close(Deadline until) {
        isClosed = true;
        limit.close();
        loaders.shutdown();
        boolean isDone = false;
        try {
            isDone = loaders.awaitTermination(left(until), TimeUnit.NANOSECONDS);
            for (Version version : versions()) {
                unload(version.id());
            }
            for (Thread drain : drains) {
                isDone &= drain.join(Duration.ofNanos(Math.max(1, left(until))));
            }
        } catch (InterruptedException e) {
            isDone = false;
            Thread.currentThread().interrupt();
        }
        if (!isDone) {
            LOG.warn("not all versions were closed in time");
        }
    }

    private long left(Deadline until) {
        return until.atNanos() - ticker.nanos();
    }
}
