package dev.penstock.journal;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Follows a chain from its first line to its last and names the first place where it breaks. Needs
 * the files alone.
 *
 * <p>Whoever can write the files can also rewrite a whole chain, and cut lines off its end, without
 * a break. Only a {@link Head} kept elsewhere shows that.
 */
public final class ChainCheck {
    /** What the check came to. */
    public sealed interface Result {}

    /**
     * Every line follows from the one before.
     *
     * @param tornBytes of a last line without its end, which a crash leaves and the next start cuts
     * @param torn what earlier starts cut off and kept
     */
    public record Whole(Head head, long lines, int segments, long tornBytes, List<Path> torn)
            implements Result {
        public Whole {
            torn = List.copyOf(torn);
        }
    }

    /**
     * The chain breaks.
     *
     * @param line in the file, from 1; 0 when the file itself is out of place
     */
    public record Broken(Path file, long line, String reason) implements Result {}

    private final DurableFiles files;
    private final String writer;
    private final @Nullable Head expected;
    private final byte[] hash = LineForm.ascii(Head.START.sha256());
    private long seq;
    private boolean isExpectedSeen;
    private long tornBytes;

    private ChainCheck(DurableFiles files, String writer, @Nullable Head expected) {
        this.files = files;
        this.writer = writer;
        this.expected = expected;
        this.isExpectedSeen = expected == null || expected.seq() == 0;
    }

    /** The writers that have segments in a folder. */
    public static List<String> writers(DurableFiles files, Path folder) throws IOException {
        TreeSet<String> writers = new TreeSet<>();
        Segment.list(files, folder).forEach(s -> writers.add(s.writer()));
        return List.copyOf(writers);
    }

    /**
     * Checks a folder that holds one writer's chain, whoever that is.
     *
     * @param expected a head that the chain must hold, at its end or before; null if none is known
     * @throws IOException if it cannot be read, or holds no chain or several
     */
    public static Result verify(DurableFiles files, Path folder, @Nullable Head expected)
            throws IOException {
        List<String> writers = writers(files, folder);
        if (writers.size() != 1) {
            throw new IOException(
                    writers.isEmpty()
                            ? "no chain in " + folder
                            : folder + " holds the chains of " + String.join(", ", writers));
        }
        return verify(files, folder, writers.getFirst(), expected);
    }

    /**
     * Checks one writer's chain in a folder.
     *
     * @param expected a head that the chain must hold, at its end or before; null if none is known
     */
    public static Result verify(
            DurableFiles files, Path folder, String writer, @Nullable Head expected)
            throws IOException {
        return new ChainCheck(files, writer, expected).verify(folder);
    }

    private Result verify(Path folder) throws IOException {
        List<Segment> segments = Segment.list(files, folder, writer);
        for (int i = 0; i < segments.size(); i++) {
            Broken broken = follow(segments.get(i), i == segments.size() - 1);
            if (broken != null) {
                return broken;
            }
        }
        Path last = segments.isEmpty() ? folder : segments.getLast().file();
        if (expected != null && !isExpectedSeen) {
            return new Broken(
                    last,
                    0,
                    "the chain ends at seq "
                            + seq
                            + ", and the expected head is "
                            + expected.seq());
        }
        List<Path> torn = Segment.torn(files, folder, writer).stream().map(Segment::file).toList();
        return new Whole(headNow(), seq, segments.size(), tornBytes, torn);
    }

    private @Nullable Broken follow(Segment segment, boolean isNewest) throws IOException {
        if (segment.firstSeq() != seq + 1) {
            return new Broken(
                    segment.file(),
                    0,
                    "the file begins with seq "
                            + segment.firstSeq()
                            + ", and the chain before it ends with "
                            + seq);
        }
        LineForm form = new LineForm(writer);
        try (LineScanner scanner = new LineScanner(files.read(segment.file()), form)) {
            while (true) {
                switch (scanner.next()) {
                    case SOUND -> {
                        String fault = step(scanner);
                        if (fault != null) {
                            return new Broken(segment.file(), scanner.number(), fault);
                        }
                    }
                    case UNSOUND -> {
                        return new Broken(
                                segment.file(),
                                scanner.number(),
                                "the line is not as it was written");
                    }
                    case TORN -> {
                        if (!isNewest) {
                            return new Broken(segment.file(), scanner.number(), "the line is cut");
                        }
                        tornBytes = scanner.endOffset() - scanner.startOffset();
                        return null;
                    }
                    case END -> {
                        return null;
                    }
                }
            }
        }
    }

    private @Nullable String step(LineScanner scanner) {
        if (scanner.seq() != seq + 1) {
            return "seq " + scanner.seq() + " stands where " + (seq + 1) + " belongs";
        }
        if (!scanner.follows(hash)) {
            return "the line does not follow from the one before it";
        }
        seq++;
        scanner.hash(hash);
        if (expected != null && seq == expected.seq()) {
            if (!headNow().equals(expected)) {
                return "the line is not the expected head";
            }
            isExpectedSeen = true;
        }
        return null;
    }

    private Head headNow() {
        return new Head(seq, new String(hash, US_ASCII));
    }
}
