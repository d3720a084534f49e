package dev.penstock.repository;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells when something under the store's folders was added, removed or written. Only a hint: the
 * kernel may run out of watches, and some file systems send nothing, so looks go on without it.
 *
 * <p>It also notes which entries came by a rename from a dot name. A rename inside one folder is
 * told as two events in a row, the old name gone and the new one there, even when no look fell
 * between the making of the dot folder and its renaming.
 */
final class StoreWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StoreWatch.class);
    private static final WatchEvent.Kind<?>[] KINDS = {
        StandardWatchEventKinds.ENTRY_CREATE,
        StandardWatchEventKinds.ENTRY_DELETE,
        StandardWatchEventKinds.ENTRY_MODIFY
    };

    private final WatchService service;
    private static final int MAX_RENAMES = 1_000;

    private final Map<Path, WatchKey> watched = new HashMap<>();
    private final Set<Path> renames = ConcurrentHashMap.newKeySet();
    private boolean hasFailed;

    // Of the watching thread: folders whose last event was that a dot name went.
    private final Set<Path> dotGone = new HashSet<>();

    StoreWatch(Path root, Runnable changed) throws IOException {
        this.service = root.getFileSystem().newWatchService();
        Thread.ofVirtual().name("store-watch").start(() -> tell(changed));
    }

    private void tell(Runnable changed) {
        try {
            while (true) {
                WatchKey key = service.take();
                note((Path) key.watchable(), key.pollEvents());
                key.reset();
                changed.run();
            }
        } catch (ClosedWatchServiceException e) {
            // Closed: that is how this ends.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void note(Path folder, List<WatchEvent<?>> events) {
        for (WatchEvent<?> event : events) {
            if (!(event.context() instanceof Path name)) {
                dotGone.remove(folder);
                renames.clear();
                continue;
            }
            boolean isDot = name.toString().startsWith(".");
            boolean isNew = event.kind().equals(StandardWatchEventKinds.ENTRY_CREATE);
            Path entry = folder.resolve(name);
            if (isNew && !isDot && dotGone.contains(folder) && renames.size() < MAX_RENAMES) {
                renames.add(entry);
            } else if (!event.kind().equals(StandardWatchEventKinds.ENTRY_MODIFY)) {
                renames.remove(entry);
            }
            if (isDot && event.kind().equals(StandardWatchEventKinds.ENTRY_DELETE)) {
                dotGone.add(folder);
            } else {
                dotGone.remove(folder);
            }
        }
    }

    /**
     * Whether the last that was heard of this entry is that it came by a rename from a dot name; so
     * it looks, at least: another entry may have gone just before this one was made.
     */
    boolean cameFromDotName(Path entry) {
        return renames.contains(entry);
    }

    /** Watches these folders and no others. */
    void follow(Set<Path> folders) {
        watched.entrySet().removeIf(entry -> isOver(entry, folders));
        for (Path folder : folders) {
            if (!watched.containsKey(folder)) {
                WatchKey key = register(folder);
                if (key != null) {
                    watched.put(folder, key);
                }
            }
        }
    }

    private static boolean isOver(Map.Entry<Path, WatchKey> entry, Set<Path> folders) {
        if (entry.getValue().isValid() && folders.contains(entry.getKey())) {
            return false;
        }
        entry.getValue().cancel();
        return true;
    }

    private @Nullable WatchKey register(Path folder) {
        try {
            return folder.register(service, KINDS);
        } catch (IOException | ClosedWatchServiceException e) {
            if (!hasFailed) {
                hasFailed = true;
                LOG.atWarn()
                        .addKeyValue("cause", e.getClass().getSimpleName())
                        .log("cannot watch all of the store's folders, so changes are polled for");
            }
            return null;
        }
    }

    @Override
    public void close() {
        try {
            service.close();
        } catch (IOException e) {
            LOG.debug("watch did not close", e);
        }
    }
}
