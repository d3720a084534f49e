package dev.penstock.repository;

import java.io.IOException;

/** Where versions lie at rest. One thread looks. */
public interface ModelStore extends AutoCloseable {
    /**
     * Looks at all of it. Looks add up: what is still being copied is told apart by what changes
     * between them.
     *
     * @throws IOException when nothing can be said about what is there
     */
    StoreScan scan() throws IOException;

    /**
     * Asks to be told, from another thread, that another look is worth while. A store may never
     * tell, so its reader looks from time to time anyway.
     */
    void watch(Runnable changed);

    @Override
    void close();
}
