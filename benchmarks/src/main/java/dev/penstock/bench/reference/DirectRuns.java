package dev.penstock.bench.reference;

import dev.penstock.bench.workload.Workload;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;

/** ONNX Runtime called directly, over and over on one thread: what no server can go below. */
final class DirectRuns {
    private static final int RUNS_BETWEEN_LOOKS = 16;
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final ReferenceModel model;
    private final ByteBuffer[] data;
    private final long[][] shapes;
    private float seen;

    DirectRuns(Workload workload, ReferenceModel model) {
        this.model = model;
        int inputs = workload.inputs().size();
        data = new ByteBuffer[inputs];
        shapes = new long[inputs][];
        for (int i = 0; i < inputs; i++) {
            data[i] = workload.inputs().get(i).direct();
            shapes[i] = workload.inputs().get(i).shape().toArray();
        }
    }

    /** Runs for so long; the answer is {@code RUNS CPU_NANOS}. */
    String run(long millis) throws Throwable {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        long cpu = THREADS.getCurrentThreadCpuTime();
        long runs = 0;
        while (System.nanoTime() < end) {
            for (int i = 0; i < RUNS_BETWEEN_LOOKS; i++) {
                model.run(data, shapes, (shape, output) -> seen += output.getFloat(0));
            }
            runs += RUNS_BETWEEN_LOOKS;
        }
        return runs + " " + (THREADS.getCurrentThreadCpuTime() - cpu);
    }
}
