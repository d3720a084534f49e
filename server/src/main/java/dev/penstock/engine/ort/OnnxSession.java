package dev.penstock.engine.ort;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.penstock.engine.Runner;
import dev.penstock.engine.Session;
import dev.penstock.inference.Signature;
import dev.penstock.tensor.TensorPool;

/** An open model. Outputs lie in memory of the pool, so nothing outlives it. */
final class OnnxSession implements Session {
    private final OrtEnvironment environment;
    private final OrtSession session;
    private final Signature signature;
    private final TensorPool pool;

    OnnxSession(
            OrtEnvironment environment, OrtSession session, Signature signature, TensorPool pool) {
        this.environment = environment;
        this.session = session;
        this.signature = signature;
        this.pool = pool;
    }

    @Override
    public Signature signature() {
        return signature;
    }

    @Override
    public Runner newRunner() {
        try {
            return new OnnxRunner(environment, session, signature, pool);
        } catch (OrtException e) {
            throw new IllegalStateException("cannot make options of a run", e);
        }
    }

    @Override
    public void close() {
        close(session);
    }

    static void close(OrtSession session) {
        try {
            session.close();
        } catch (OrtException e) {
            throw new IllegalStateException("cannot close the native session", e);
        }
    }
}
