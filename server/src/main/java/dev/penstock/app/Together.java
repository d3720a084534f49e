package dev.penstock.app;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Does several things at the same time and waits for all of them, but not for ever. */
final class Together {
    private static final Logger LOG = LoggerFactory.getLogger(Together.class);

    private Together() {}

    /**
     * Returns when all are done, or after {@code atMost}; what is not done then goes on by itself
     * for as long as the process lives.
     */
    static void run(Duration atMost, Runnable... tasks) {
        long until = System.nanoTime() + atMost.toNanos();
        List<Thread> threads = new ArrayList<>();
        for (Runnable task : tasks) {
            threads.add(
                    Thread.ofPlatform()
                            .daemon()
                            .name("close-" + threads.size())
                            .start(() -> guarded(task)));
        }
        try {
            for (Thread thread : threads) {
                var _ = thread.join(Duration.ofNanos(Math.max(1, until - System.nanoTime())));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void guarded(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            LOG.atError().setCause(e).log("something did not close as it should");
        }
    }
}
