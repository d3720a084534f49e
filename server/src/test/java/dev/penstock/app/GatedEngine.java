package dev.penstock.app;

import dev.penstock.engine.Engine;
import dev.penstock.engine.EngineException;
import dev.penstock.engine.Runner;
import dev.penstock.engine.Session;
import dev.penstock.engine.SessionConfig;
import dev.penstock.inference.Signature;
import dev.penstock.tensor.TensorSet;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A real engine whose sessions can be told to keep runs waiting, and which are strict: a run that
 * finds its session closed fails. The runtime would kill the process, or not, as chance has it; an
 * engine that frees nothing before its last runner is gone would let it pass.
 */
final class GatedEngine implements Engine {
    private static final long PATIENCE_SECONDS = 30;

    private final Engine engine;
    private final List<GatedSession> sessions = new CopyOnWriteArrayList<>();

    GatedEngine(Engine engine) {
        this.engine = engine;
    }

    /** The session that was opened first. */
    GatedSession first() {
        return sessions.getFirst();
    }

    @Override
    public String name() {
        return engine.name();
    }

    @Override
    public String runtimeVersion() {
        return engine.runtimeVersion();
    }

    @Override
    public Session open(ByteBuffer model, SessionConfig config) throws EngineException {
        GatedSession session = new GatedSession(engine.open(model, config));
        sessions.add(session);
        return session;
    }

    @Override
    public void close() {
        engine.close();
    }

    /** A session with a gate before its runs, open at first. */
    static final class GatedSession implements Session {
        private final Session session;
        private final CountDownLatch someoneWaits = new CountDownLatch(1);
        private final CountDownLatch gate = new CountDownLatch(1);
        private volatile boolean isHeld;
        private final AtomicBoolean isClosed = new AtomicBoolean();

        GatedSession(Session session) {
            this.session = session;
        }

        /** Keeps runs from now on, and waits until there is one. */
        void hold() throws InterruptedException {
            isHeld = true;
            await(someoneWaits);
        }

        void letGo() {
            gate.countDown();
        }

        @Override
        public Signature signature() {
            return session.signature();
        }

        @Override
        public Runner newRunner() {
            return new GatedRunner(this, session.newRunner());
        }

        @Override
        public void close() {
            if (isClosed.compareAndSet(false, true)) {
                session.close();
            }
        }

        private void pass() {
            if (isHeld) {
                someoneWaits.countDown();
                try {
                    await(gate);
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }
            if (isClosed.get()) {
                throw new IllegalStateException("the session was closed under this run");
            }
        }

        private static void await(CountDownLatch latch) throws InterruptedException {
            if (!latch.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new IllegalStateException("waited in vain");
            }
        }
    }

    private record GatedRunner(GatedSession session, Runner runner) implements Runner {
        @Override
        public TensorSet run(TensorSet inputs, List<String> outputs) throws EngineException {
            session.pass();
            return runner.run(inputs, outputs);
        }

        @Override
        public void terminate() {
            runner.terminate();
        }

        @Override
        public void clearTerminate() {
            runner.clearTerminate();
        }

        @Override
        public void close() {
            runner.close();
        }
    }
}
