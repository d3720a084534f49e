package dev.penstock.control;

import dev.penstock.repository.ModelStore;
import dev.penstock.repository.StoreScan;
import dev.penstock.runtime.Ticker;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/** Looks at the store, and says once what keeps it from seeing. One thread at a time. */
final class StoreEye {
    private static final Logger LOG = LoggerFactory.getLogger(StoreEye.class);

    private final ModelStore store;
    private final Ticker ticker;
    private @Nullable String lastTrouble;

    /**
     * What a look saw.
     *
     * @param number of the look
     * @param atNanos the ticker's reading when it ended
     */
    record Sight(long number, StoreScan scan, long atNanos) {}

    StoreEye(ModelStore store, Ticker ticker) {
        this.store = store;
        this.ticker = ticker;
    }

    /** Looks; null when nothing could be seen. Waits for the disk, however long it takes. */
    @Nullable Sight look(long number) {
        try {
            StoreScan seen = store.scan();
            lastTrouble = null;
            return new Sight(number, seen, ticker.nanos());
        } catch (IOException | RuntimeException e) {
            tell(e);
            return null;
        }
    }

    private void tell(Exception trouble) {
        String text = trouble.getClass().getSimpleName() + trouble.getMessage();
        if (text.equals(lastTrouble)) {
            return;
        }
        lastTrouble = text;
        LoggingEventBuilder line =
                LOG.atError().addKeyValue("cause", trouble.getClass().getSimpleName());
        if (trouble instanceof RuntimeException) {
            // A bug, where the other is a disk.
            line = line.setCause(trouble);
        }
        line.log("cannot look at the store, so what is known of it stays as it is");
    }
}
