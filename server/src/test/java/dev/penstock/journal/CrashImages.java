package dev.penstock.journal;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * What a crash can leave of a recorded run.
 *
 * <p>A write or truncation is certain once a force of its file has worked, if none failed in
 * between; a name once its folder was synced. Of everything else any part may be on the disk, in
 * any order, in units of 512 bytes; a file may be as long as it should be and hold zeros.
 */
public final class CrashImages {
    private static final int SECTOR_BYTES = 512;

    private final Map<Path, byte[]> start;
    private final List<DiskCall> calls;

    CrashImages(Map<Path, byte[]> start, List<DiskCall> calls) {
        this.start = start;
        this.calls = List.copyOf(calls);
    }

    /** What becomes of one call that is not certain. */
    private interface Fate {
        boolean isDone(int call);

        /** Whether this sector of a write that is done was written. */
        boolean isWritten(int call, long sector);

        /** Whether the file has grown over sectors that were not written. */
        boolean isSizeKept(int call);
    }

    /** Gives the images of a crash after the first {@code moment} calls. */
    public void at(int moment, int randomImages, Random random, Consumer<Map<Path, byte[]>> image) {
        boolean[] certain = certain(moment);
        image.accept(image(moment, certain, fate(true)));
        image.accept(image(moment, certain, fate(false)));
        for (int call = 0; call < moment; call++) {
            if (!certain[call] && calls.get(call) instanceof DiskCall.Write write) {
                tear(moment, certain, call, write, image);
            }
        }
        for (int i = 0; i < randomImages; i++) {
            image.accept(image(moment, certain, randomFate(random.nextLong())));
        }
    }

    private void tear(
            int moment,
            boolean[] certain,
            int torn,
            DiskCall.Write write,
            Consumer<Map<Path, byte[]>> image) {
        long first = write.offset() / SECTOR_BYTES;
        long last = (write.offset() + write.data().length - 1) / SECTOR_BYTES;
        for (long sector = first; sector <= last; sector++) {
            image.accept(image(moment, certain, tornFate(torn, sector, false)));
            image.accept(image(moment, certain, tornFate(torn, sector, true)));
        }
    }

    private static Fate fate(boolean isDone) {
        return new Fate() {
            @Override
            public boolean isDone(int call) {
                return isDone;
            }

            @Override
            public boolean isWritten(int call, long sector) {
                return true;
            }

            @Override
            public boolean isSizeKept(int call) {
                return false;
            }
        };
    }

    /** One write ends at a sector, or lacks that one alone; all other calls are done. */
    private static Fate tornFate(int torn, long at, boolean isHole) {
        return new Fate() {
            @Override
            public boolean isDone(int call) {
                return isHole || call <= torn;
            }

            @Override
            public boolean isWritten(int call, long sector) {
                return call != torn || (isHole ? sector != at : sector < at);
            }

            @Override
            public boolean isSizeKept(int call) {
                return isHole;
            }
        };
    }

    private static Fate randomFate(long seed) {
        return new Fate() {
            private boolean flip(long what, int bound) {
                return new Random(seed ^ (what * 0x9E3779B97F4A7C15L)).nextInt(64) < bound;
            }

            @Override
            public boolean isDone(int call) {
                return flip(call, 40);
            }

            @Override
            public boolean isWritten(int call, long sector) {
                return flip(call * 1_000_003L + sector + 1, 48);
            }

            @Override
            public boolean isSizeKept(int call) {
                return flip(~(long) call, 32);
            }
        };
    }

    /** Which of the first calls nothing can undo. */
    private boolean[] certain(int moment) {
        boolean[] certain = new boolean[moment];
        for (int i = 0; i < moment; i++) {
            for (int j = i + 1; j < moment; j++) {
                int verdict = verdict(calls.get(i), calls.get(j));
                if (verdict != 0) {
                    certain[i] = verdict > 0;
                    break;
                }
            }
        }
        return certain;
    }

    /** 1 if the later call makes the earlier certain, -1 if it loses it, 0 if neither. */
    private static int verdict(DiskCall earlier, DiskCall later) {
        return switch (later) {
            case DiskCall.Force force when force.id() == fileOf(earlier) ->
                    force.hasWorked() ? 1 : -1;
            case DiskCall.SyncFolder sync when sync.folder().equals(folderOf(earlier)) ->
                    sync.hasWorked() ? 1 : -1;
            default -> 0;
        };
    }

    private static int fileOf(DiskCall call) {
        return switch (call) {
            case DiskCall.Write write -> write.id();
            case DiskCall.Truncate truncate -> truncate.id();
            default -> -1;
        };
    }

    private static Path folderOf(DiskCall call) {
        return switch (call) {
            case DiskCall.MakeFolder make -> make.folder().getParent();
            case DiskCall.Create create -> create.file().getParent();
            case DiskCall.Rename rename -> rename.to().getParent();
            case DiskCall.Delete delete -> delete.file().getParent();
            default -> Path.of("");
        };
    }

    private Map<Path, byte[]> image(int moment, boolean[] certain, Fate fate) {
        Map<Path, MemoryFiles.Inode> names = new TreeMap<>();
        Map<Integer, MemoryFiles.Inode> inodes = new HashMap<>();
        List<Path> first = new ArrayList<>(start.keySet());
        for (int id = 0; id < first.size(); id++) {
            MemoryFiles.Inode inode = new MemoryFiles.Inode();
            inode.bytes = start.get(first.get(id)).clone();
            inodes.put(id, inode);
            names.put(first.get(id), inode);
        }
        for (int call = 0; call < moment; call++) {
            boolean isCertain = certain[call];
            if (calls.get(call) instanceof DiskCall.Create create) {
                inodes.put(create.id(), new MemoryFiles.Inode());
            }
            if (isCertain || fate.isDone(call)) {
                apply(call, isCertain, fate, names, inodes);
            }
        }
        Map<Path, byte[]> files = new TreeMap<>();
        names.forEach((path, inode) -> files.put(path, inode.bytes));
        for (int call = 0; call < moment; call++) {
            if (calls.get(call) instanceof DiskCall.MakeFolder make
                    && !certain[call]
                    && !fate.isDone(call)) {
                files.keySet().removeIf(path -> make.folder().equals(path.getParent()));
            }
        }
        return files;
    }

    private void apply(
            int call,
            boolean isCertain,
            Fate fate,
            Map<Path, MemoryFiles.Inode> names,
            Map<Integer, MemoryFiles.Inode> inodes) {
        switch (calls.get(call)) {
            case DiskCall.MakeFolder make -> {}
            case DiskCall.Create create -> names.put(create.file(), inodes.get(create.id()));
            case DiskCall.Rename rename -> {
                MemoryFiles.Inode moved = inodes.get(rename.id());
                names.remove(rename.from(), moved);
                names.put(rename.to(), moved);
            }
            case DiskCall.Delete delete -> names.remove(delete.file());
            case DiskCall.Truncate truncate -> {
                MemoryFiles.Inode inode = inodes.get(truncate.id());
                if (truncate.size() < inode.bytes.length) {
                    inode.truncate(truncate.size());
                }
            }
            case DiskCall.Write write when isCertain ->
                    inodes.get(write.id())
                            .write(write.offset(), write.data(), 0, write.data().length);
            case DiskCall.Write write -> writeSectors(call, write, fate, inodes.get(write.id()));
            case DiskCall.Force force -> {}
            case DiskCall.SyncFolder sync -> {}
        }
    }

    private static void writeSectors(
            int call, DiskCall.Write write, Fate fate, MemoryFiles.Inode inode) {
        int length = write.data().length;
        int from = 0;
        while (from < length) {
            long sector = (write.offset() + from) / SECTOR_BYTES;
            int to = (int) Math.min(length, (sector + 1) * SECTOR_BYTES - write.offset());
            if (fate.isWritten(call, sector)) {
                inode.write(write.offset(), write.data(), from, to);
            }
            from = to;
        }
        if (fate.isSizeKept(call) && inode.bytes.length < write.offset() + length) {
            inode.truncate(write.offset() + length);
        }
    }
}
