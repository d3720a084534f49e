package dev.penstock.engine;

import dev.penstock.inference.FailureException;
import dev.penstock.tensor.TensorSet;
import java.util.List;

/**
 * Runs one call at a time on a session, with scratch memory of its own. For one thread, but for
 * {@link #terminate}.
 */
public interface Runner extends AutoCloseable {
    /**
     * Runs the model.
     *
     * @param inputs have passed {@link dev.penstock.inference.Signature#check}; the caller keeps
     *     them and closes them after this returned
     * @param outputs the names wanted, in the order wanted; empty means all, in the model's order
     * @return the outputs; the caller owns and closes them
     * @throws FailureException when the runtime says that the input is wrong, or when the run was
     *     terminated
     * @throws EngineException when the run failed on input that is not known to be wrong
     */
    TensorSet run(TensorSet inputs, List<String> outputs) throws EngineException;

    /**
     * Makes the run in progress return soon with {@link
     * dev.penstock.inference.Failure.DeadlineExceeded}. Any thread; the caller makes sure that the
     * run it means is still in progress.
     */
    void terminate();

    /** Takes back {@link #terminate}, so that the next run is not ended by it. */
    void clearTerminate();

    @Override
    void close();
}
