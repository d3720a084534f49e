package dev.penstock.runtime;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * Closes what was opened, in reverse order, each exactly once, whatever the others throw. Not for
 * several threads.
 */
public final class CloseStack implements AutoCloseable {
    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    /** Remembers the resource; from now on this stack closes it. */
    public <T extends AutoCloseable> T push(T resource) {
        open.push(resource);
        return resource;
    }

    /** Gives up all that was pushed without closing it: the caller keeps it. */
    public void release() {
        open.clear();
    }

    /** Closes the newest first; the first failure is thrown after all were tried. */
    @Override
    public void close() {
        @Nullable RuntimeException first = null;
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (Exception e) {
                if (first == null) {
                    first = e instanceof RuntimeException r ? r : new IllegalStateException(e);
                } else {
                    first.addSuppressed(e);
                }
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
