package dev.penstock.lineage.store;

import dev.penstock.journal.DurableFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The folder of a lineage log: which segments it holds, and how their files are named. */
public final class LogFolder {
    private static final Pattern DAY = Pattern.compile("dt=[0-9]{4}-[0-9]{2}-[0-9]{2}");
    private static final Pattern NAME =
            Pattern.compile(
                    "([A-Za-z0-9][A-Za-z0-9._-]{0,62})-([0-9]{12,18})"
                            + "(\\.open\\.jsonl|\\.jsonl\\.gz|\\.manifest\\.json|\\.sig|\\.idx|\\.blobs)");

    private final DurableFiles files;
    private final Path folder;

    public LogFolder(DurableFiles files, Path folder) {
        this.files = files;
        this.folder = folder;
    }

    /** The folder itself. */
    public Path path() {
        return folder;
    }

    /** A segment by its first seq, begun at this time; none of its files is looked for. */
    public SegmentFiles segment(String writer, long firstSeq, Instant begun) {
        LocalDate day = LocalDate.ofInstant(begun, ZoneOffset.UTC);
        return new SegmentFiles(folder.resolve("dt=" + day), writer, firstSeq, Set.of());
    }

    /** The folders of days, in order. */
    public List<Path> days() throws IOException {
        return files.list(folder).stream()
                .filter(p -> DAY.matcher(p.getFileName().toString()).matches())
                .sorted()
                .toList();
    }

    /** Every segment of which a file is there, by writer and then in the order of the chain. */
    public List<SegmentFiles> list() throws IOException {
        List<SegmentFiles> segments = new ArrayList<>();
        for (Path day : days()) {
            listDay(day, segments);
        }
        segments.sort(
                Comparator.comparing(SegmentFiles::writer)
                        .thenComparingLong(SegmentFiles::firstSeq));
        return segments;
    }

    private void listDay(Path day, List<SegmentFiles> into) throws IOException {
        Map<String, EnumSet<SegmentFiles.Part>> parts = new TreeMap<>();
        for (Path file : files.list(day)) {
            Matcher name = NAME.matcher(file.getFileName().toString());
            if (name.matches()) {
                parts.computeIfAbsent(
                                name.group(1) + "-" + name.group(2),
                                stem -> EnumSet.noneOf(SegmentFiles.Part.class))
                        .add(part(name.group(3)));
            }
        }
        parts.forEach((stem, present) -> {
            int dash = stem.lastIndexOf('-');
            long firstSeq = Long.parseLong(stem.substring(dash + 1));
            into.add(new SegmentFiles(day, stem.substring(0, dash), firstSeq, present));
        });
    }

    private static SegmentFiles.Part part(String suffix) {
        for (SegmentFiles.Part part : SegmentFiles.Part.values()) {
            if (part.suffix().equals(suffix)) {
                return part;
            }
        }
        throw new IllegalArgumentException("no file of a segment ends with " + suffix);
    }
}
