package dev.penstock.journal;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One file of a chain: lines of one writer without a gap, the first of them a header.
 *
 * @param writer who writes it: the node's name
 * @param firstSeq the {@code seq} of its header, which its name holds
 */
public record Segment(Path file, String writer, long firstSeq) {
    private static final Pattern NAME =
            Pattern.compile("([A-Za-z0-9][A-Za-z0-9._-]{0,62})-([0-9]{12,18})\\.jsonl");
    private static final Pattern OPEN =
            Pattern.compile("([A-Za-z0-9][A-Za-z0-9._-]{0,62})-([0-9]{12,18})\\.open\\.jsonl");
    private static final Pattern TORN = Pattern.compile("(.+\\.jsonl)\\.torn(\\.[0-9]+)?");

    /** The segments of all writers in a folder, by writer and then in order. */
    public static List<Segment> list(DurableFiles files, Path folder) throws IOException {
        List<Segment> segments = new ArrayList<>();
        for (Path file : files.list(folder)) {
            Segment segment = named(NAME, file, file.getFileName().toString());
            if (segment != null) {
                segments.add(segment);
            }
        }
        segments.sort(Comparator.comparing(Segment::writer).thenComparingLong(Segment::firstSeq));
        return segments;
    }

    /** The segments of one writer in a folder, in order. */
    public static List<Segment> list(DurableFiles files, Path folder, String writer)
            throws IOException {
        return list(files, folder).stream().filter(s -> s.writer().equals(writer)).toList();
    }

    /** The segments of one writer that are open, in a folder of a day. */
    static List<Segment> listOpen(DurableFiles files, Path day, String writer) throws IOException {
        List<Segment> segments = new ArrayList<>();
        for (Path file : files.list(day)) {
            Segment segment = named(OPEN, file, file.getFileName().toString());
            if (segment != null && segment.writer().equals(writer)) {
                segments.add(segment);
            }
        }
        return segments;
    }

    /** The segment of this writer whose header is line {@code firstSeq} of its chain. */
    static Segment of(Path folder, String writer, long firstSeq) {
        String name = String.format(Locale.ROOT, "%s-%012d.jsonl", writer, firstSeq);
        return new Segment(folder.resolve(name), writer, firstSeq);
    }

    /** As {@link #of}, open in the folder of a day. */
    static Segment open(Path day, String writer, long firstSeq) {
        String name = String.format(Locale.ROOT, "%s-%012d.open.jsonl", writer, firstSeq);
        return new Segment(day.resolve(name), writer, firstSeq);
    }

    private static @Nullable Segment named(Pattern form, Path file, String name) {
        Matcher parts = form.matcher(name);
        return parts.matches()
                ? new Segment(file, parts.group(1), Long.parseLong(parts.group(2)))
                : null;
    }

    /**
     * What recovery has cut from this writer's segments and kept, each as the segment it was cut
     * from with the file it lies in now.
     */
    static List<Segment> torn(DurableFiles files, Path folder, String writer) throws IOException {
        List<Segment> torn = new ArrayList<>();
        for (Path file : files.list(folder)) {
            Matcher parts = TORN.matcher(file.getFileName().toString());
            if (!parts.matches()) {
                continue;
            }
            Pattern form = parts.group(1).endsWith(".open.jsonl") ? OPEN : NAME;
            Segment from = named(form, file, parts.group(1));
            if (from != null && from.writer().equals(writer)) {
                torn.add(from);
            }
        }
        torn.sort(Comparator.comparing(s -> s.file().toString()));
        return torn;
    }

    /** The folder that it lies in. */
    Path folder() {
        return requireNonNull(file.getParent());
    }

    /** Where the nth tail goes that is cut from a segment of this name. */
    Path tornFile(int n) {
        return file.resolveSibling(file.getFileName() + ".torn" + (n == 0 ? "" : "." + n));
    }
}
