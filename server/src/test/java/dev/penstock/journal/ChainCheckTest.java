package dev.penstock.journal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Three segments of a header and three lines each: seq 1 to 4, 5 to 8, 9 to 12. */
final class ChainCheckTest {
    private static final Path FOLDER = Path.of("data", "log");

    private final MemoryFiles files = new MemoryFiles();
    private Head head = Head.START;
    private List<Path> segments = List.of();

    @BeforeEach
    void write() throws IOException {
        try (Journal journal =
                Journal.open(
                        files,
                        FOLDER,
                        Journal.Settings.always("n"),
                        () -> 0,
                        () -> "{}".getBytes(UTF_8))) {
            for (int i = 0; i < 9; i++) {
                if (i % 3 == 0) {
                    journal.roll();
                }
                journal.append(("{\"n\":" + i + "}").getBytes(UTF_8));
            }
            head = journal.head();
        }
        segments = Segment.list(files, FOLDER).stream().map(Segment::file).toList();
    }

    private ChainCheck.Result verify(Map<Path, byte[]> disk, @Nullable Head expected)
            throws IOException {
        return ChainCheck.verify(new MemoryFiles(disk), FOLDER, "n", expected);
    }

    private ChainCheck.Broken broken(Map<Path, byte[]> disk, @Nullable Head expected)
            throws IOException {
        return assertInstanceOf(ChainCheck.Broken.class, verify(disk, expected));
    }

    private Map<Path, byte[]> edited(int segment, Consumer<List<String>> edit) {
        Map<Path, byte[]> disk = new TreeMap<>(files.all());
        Path file = segments.get(segment);
        List<String> lines = new ArrayList<>(new String(disk.get(file), UTF_8).lines().toList());
        edit.accept(lines);
        disk.put(file, (String.join("\n", lines) + "\n").getBytes(UTF_8));
        return disk;
    }

    private void assertBroken(Path file, long line, ChainCheck.Broken broken) {
        assertEquals(file + ":" + line, broken.file() + ":" + broken.line(), broken.reason());
    }

    @Test
    void anUntouchedChainIsWhole() throws IOException {
        var whole = assertInstanceOf(ChainCheck.Whole.class, verify(files.all(), head));
        assertEquals(12, whole.lines());
        assertEquals(3, whole.segments());
        assertEquals(head, whole.head());
        assertEquals(head, Head.parse(whole.head().toString()));
    }

    @Test
    void aDeletedLineIsNamed() throws IOException {
        for (int line = 0; line < 3; line++) {
            int at = line;
            var broken = broken(edited(1, lines -> lines.remove(at)), null);
            assertBroken(segments.get(1), at + 1, broken);
        }
        // The last line of a segment is missed where the next segment begins.
        assertBroken(segments.get(2), 0, broken(edited(1, lines -> lines.remove(3)), null));
    }

    @Test
    void swappedLinesAreNamed() throws IOException {
        var broken = broken(edited(1, lines -> Collections.swap(lines, 1, 2)), null);
        assertBroken(segments.get(1), 2, broken);
    }

    @Test
    void aLineThatStandsTwiceIsNamed() throws IOException {
        var broken = broken(edited(0, lines -> lines.add(2, lines.get(1))), null);
        assertBroken(segments.get(0), 3, broken);
    }

    @Test
    void everyFlippedBitIsFoundOnItsLine() throws IOException {
        for (Path file : segments) {
            byte[] bytes = files.bytes(file);
            long line = 1;
            for (int i = 0; i < bytes.length; i++) {
                for (int bit = 0; bit < 8; bit++) {
                    byte[] changed = bytes.clone();
                    changed[i] ^= (byte) (1 << bit);
                    Map<Path, byte[]> disk = new TreeMap<>(files.all());
                    disk.put(file, changed);
                    boolean isLastFeed = file.equals(segments.getLast()) && i == bytes.length - 1;
                    // Without its line feed the last line looks torn; the head tells.
                    assertBroken(file, isLastFeed ? 0 : line, broken(disk, head));
                }
                line += bytes[i] == '\n' ? 1 : 0;
            }
        }
    }

    @Test
    void aLineThatWasForgedWithItsChecksumIsNamedByTheNext() throws IOException {
        var broken =
                broken(
                        edited(
                                1,
                                lines -> {
                                    byte[] line = new byte[4096];
                                    byte[] prev = lines.get(1).substring(25, 89).getBytes(UTF_8);
                                    byte[] object = "{\"n\":77}".getBytes(UTF_8);
                                    int length = new LineForm("n").write(line, 6, prev, object, 8);
                                    lines.set(1, new String(line, 0, length - 1, UTF_8));
                                }),
                        null);
        assertBroken(segments.get(1), 3, broken);
    }

    @Test
    void aMissingSegmentIsNamed() throws IOException {
        for (int missing = 0; missing < 2; missing++) {
            Map<Path, byte[]> disk = new TreeMap<>(files.all());
            disk.remove(segments.get(missing));
            assertBroken(segments.get(missing + 1), 0, broken(disk, null));
        }
        Map<Path, byte[]> disk = new TreeMap<>(files.all());
        disk.remove(segments.get(2));
        assertInstanceOf(ChainCheck.Whole.class, verify(disk, null));
        assertBroken(segments.get(1), 0, broken(disk, head));
    }

    @Test
    void anyCutOfTheNewestIsFoundWhenTheHeadIsKnown() throws IOException {
        byte[] bytes = files.bytes(segments.get(2));
        for (int size = 0; size < bytes.length; size++) {
            Map<Path, byte[]> disk = new TreeMap<>(files.all());
            disk.put(segments.get(2), Arrays.copyOf(bytes, size));
            assertBroken(segments.get(2), 0, broken(disk, head));
        }
    }

    @Test
    void anotherChainOfTheSameLengthIsNotTheExpectedOne() throws IOException {
        Head other = new Head(head.seq(), "a".repeat(64));
        assertBroken(segments.get(2), 4, broken(files.all(), other));
    }

    @Test
    void aLineBeyondTheLimitIsNoLine() throws IOException {
        byte[] huge = new byte[LineForm.MAX_LINE_BYTES + 300_000];
        Arrays.fill(huge, (byte) 'x');
        Map<Path, byte[]> disk = new TreeMap<>();
        disk.put(segments.get(0), huge);
        assertBroken(segments.get(0), 1, broken(disk, null));
    }

    @Test
    void aFolderWithoutAChainSaysSo() {
        assertThrows(
                IOException.class, () -> ChainCheck.verify(new MemoryFiles(), FOLDER, (Head) null));
    }

    @Test
    void whatIsNoHeadIsRefused() {
        for (String text : List.of("", "7", ":", "x:" + "0".repeat(64), "7:abc", "-1:00")) {
            assertThrows(IllegalArgumentException.class, () -> Head.parse(text), text);
        }
    }
}
