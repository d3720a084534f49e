package dev.penstock.journal;

import java.io.Closeable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Reads the lines of one segment in order, also while it is being written. It ends at the first
 * line that is not sound, which in a segment that is being written is its end.
 */
public final class JournalReader implements Closeable {
    private final LineScanner scanner;

    private JournalReader(LineScanner scanner) {
        this.scanner = scanner;
    }

    public static JournalReader open(DurableFiles files, Segment segment) throws IOException {
        LineForm form = new LineForm(segment.writer());
        return new JournalReader(new LineScanner(files.read(segment.file()), form));
    }

    /** The next line, the header first; null after the last. */
    public @Nullable JournalLine next() throws IOException {
        return scanner.next() == LineScanner.Found.SOUND
                ? new JournalLine(scanner.seq(), scanner.copy())
                : null;
    }

    @Override
    public void close() throws IOException {
        scanner.close();
    }
}
