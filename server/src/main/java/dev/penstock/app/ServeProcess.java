package dev.penstock.app;

import dev.penstock.cli.CommandFailure;
import java.io.PrintWriter;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The life of the serving process: start, print what runs, wait for a signal, drain, halt. */
final class ServeProcess {
    private static final Logger LOG = LoggerFactory.getLogger(ServeProcess.class);
    private static final int EXIT_FAILED = 1;
    private static final int EXIT_SECOND_SIGNAL = 130;
    private static final int STOP_SECONDS = 30;

    private final Gateway gateway;
    private final boolean onTerminal;
    private final PrintWriter out;
    private final AtomicBoolean isStopping = new AtomicBoolean();
    private final CountDownLatch stop = new CountDownLatch(1);

    ServeProcess(Gateway gateway, boolean onTerminal, PrintWriter out) {
        this.gateway = gateway;
        this.onTerminal = onTerminal;
        this.out = out;
    }

    /**
     * Does not return: the process halts here.
     *
     * @throws CommandFailure when an address cannot be listened on
     */
    int run() throws InterruptedException {
        Signals.onTermination(this::signalled);
        if (System.getenv("PENSTOCK_DEMO") != null) {
            // Whoever kills the build that serves the demo wants the demo to end, too.
            ProcessHandle.current()
                    .parent()
                    .ifPresent(parent -> {
                        var _ = parent.onExit().thenRun(this::orphaned);
                    });
        }
        try {
            gateway.start();
            gateway.awaitFirstLook();
        } catch (CannotListenException e) {
            gateway.close();
            throw CommandFailure.usage(String.valueOf(e.getMessage()), e.next());
        }
        if (!isStopping.get()) {
            StartBlock.print(gateway, onTerminal, out);
        }
        stop.await();
        Thread limit = Thread.ofPlatform().daemon().name("stop-limit").unstarted(this::haltLate);
        limit.start();
        gateway.stop();
        LOG.info("stopped");
        halt(0);
        return 0;
    }

    private void signalled(String name) {
        if (!isStopping.compareAndSet(false, true)) {
            halt(EXIT_SECOND_SIGNAL);
        }
        LOG.info("signal {}: draining", name);
        stopSoon();
    }

    private void orphaned() {
        if (isStopping.compareAndSet(false, true)) {
            LOG.info("the process that started the demo has ended: draining");
            stopSoon();
        }
    }

    private void stopSoon() {
        gateway.markDraining();
        stop.countDown();
    }

    private void haltLate() {
        try {
            TimeUnit.NANOSECONDS.sleep(
                    gateway.config()
                            .server()
                            .shutdown()
                            .drain()
                            .plusSeconds(STOP_SECONDS - 5)
                            .toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        LOG.error("not drained in time, some requests are lost");
        halt(EXIT_FAILED);
    }

    /** Not an exit: shutdown hooks of the native runtime would run beside what is still in use. */
    private void halt(int code) {
        out.flush();
        System.out.flush();
        System.err.flush();
        Runtime.getRuntime().halt(code);
    }
}
