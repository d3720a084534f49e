package dev.penstock.journal;

import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a journal's segments lie and how they are named.
 *
 * <p>Flat, they stay as they are, side by side in the folder: {@code <writer>-<seq>.jsonl}. Dated,
 * each lies in the folder of the UTC day that it was begun, {@code dt=YYYY-MM-DD}, and is named
 * {@code .open.jsonl}, until its owner has made something else of it and removes it. The journal
 * then knows only from its owner how far the chain had come in what is no longer a segment.
 */
public final class Layout {
    /** All in one folder, for good. */
    public static final Layout FLAT = new Layout(null, 1, Head.START);

    private static final Pattern DAY = Pattern.compile("dt=[0-9]{4}-[0-9]{2}-[0-9]{2}");

    private final @Nullable InstantSource clock;
    private final long sealedFirstSeq;
    private final Head sealed;

    private Layout(@Nullable InstantSource clock, long sealedFirstSeq, Head sealed) {
        this.clock = clock;
        this.sealedFirstSeq = sealedFirstSeq;
        this.sealed = sealed;
    }

    /**
     * By day.
     *
     * @param clock tells the day
     * @param sealedFirstSeq the first line of the newest segment that its owner has put away; 1 if
     *     there is none
     * @param sealed that segment's last line; segments up to there are let be
     */
    public static Layout dated(InstantSource clock, long sealedFirstSeq, Head sealed) {
        return new Layout(clock, sealedFirstSeq, sealed);
    }

    /** Where the chain ends when no segment says so. */
    Head sealed() {
        return sealed;
    }

    /** Of the newest segment that was put away. */
    long sealedFirstSeq() {
        return sealedFirstSeq;
    }

    /** The segments of one writer that the chain goes on from, in order. */
    List<Segment> list(DurableFiles files, Path folder, String writer) throws IOException {
        if (clock == null) {
            return Segment.list(files, folder, writer);
        }
        List<Segment> segments = new ArrayList<>();
        for (Path day : days(files, folder)) {
            segments.addAll(Segment.listOpen(files, day, writer));
        }
        segments.removeIf(s -> s.firstSeq() <= sealed.seq());
        segments.sort(Comparator.comparingLong(Segment::firstSeq));
        return segments;
    }

    /** What recovery has cut from this writer's segments and kept. */
    List<Segment> torn(DurableFiles files, Path folder, String writer) throws IOException {
        if (clock == null) {
            return Segment.torn(files, folder, writer);
        }
        List<Segment> torn = new ArrayList<>();
        for (Path day : days(files, folder)) {
            torn.addAll(Segment.torn(files, day, writer));
        }
        return torn;
    }

    private static List<Path> days(DurableFiles files, Path folder) throws IOException {
        return files.list(folder).stream()
                .filter(p -> DAY.matcher(p.getFileName().toString()).matches())
                .sorted()
                .toList();
    }

    /** The segment that line {@code firstSeq} begins now. */
    Segment next(Path folder, String writer, long firstSeq) {
        if (clock == null) {
            return Segment.of(folder, writer, firstSeq);
        }
        LocalDate day = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
        return Segment.open(folder.resolve("dt=" + day), writer, firstSeq);
    }

    /** Makes the folder that a segment is to lie in. */
    void makeRoom(DurableFiles files, Segment segment) throws IOException {
        if (clock != null) {
            files.makeFolder(segment.folder());
        }
    }

    /** Makes certain that a segment is found again: its name, and that of its day. */
    void syncNames(DurableFiles files, Path folder, Segment segment) throws IOException {
        files.syncFolder(segment.folder());
        if (clock != null) {
            files.syncFolder(folder);
        }
    }
}
