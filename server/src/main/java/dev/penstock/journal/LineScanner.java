package dev.penstock.journal;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * Walks over the lines of one segment, wherever its bytes come from, without copying them. It says
 * whether each is sound by itself; whether it follows from the one before is for the caller to
 * compare.
 */
public final class LineScanner implements Closeable {
    private static final int CHUNK_BYTES = 64 * 1024;

    /** What the walk came to. */
    public enum Found {
        /** A whole line with its own checksum. */
        SOUND,
        /** A line with a line feed that is not as the writer writes. */
        UNSOUND,
        /** Bytes at the end of the file that no line feed follows. */
        TORN,
        END
    }

    private final InputStream in;
    private final LineForm form;
    private byte[] buffer = new byte[CHUNK_BYTES];
    private int from;
    private int to;
    private int next;
    private int filled;
    private long seq;
    private long number;
    private long offsetOfBuffer;

    /**
     * Walks over the lines of this writer.
     *
     * @param in closed with the scanner
     */
    public LineScanner(InputStream in, String writer) {
        this(in, new LineForm(writer));
    }

    LineScanner(InputStream in, LineForm form) {
        this.in = in;
        this.form = form;
    }

    /** Goes to the next line, whatever the one before was. */
    public Found next() throws IOException {
        from = next;
        int feed = findLineFeed();
        if (feed < 0) {
            to = filled;
            next = filled;
            return atEnd();
        }
        to = feed;
        next = feed + 1;
        number++;
        seq = form.soundSeq(buffer, from, to);
        return seq < 0 ? Found.UNSOUND : Found.SOUND;
    }

    private Found atEnd() {
        if (from == filled) {
            return Found.END;
        }
        number++;
        // A line beyond the limit was not written here.
        return filled - from > LineForm.MAX_LINE_BYTES ? Found.UNSOUND : Found.TORN;
    }

    /** The line's place among the lines of the file, from 1. */
    public long number() {
        return number;
    }

    /** Of a sound line. */
    public long seq() {
        return seq;
    }

    /** Where the line begins in the file; after the last, where the file ends. */
    public long startOffset() {
        return offsetOfBuffer + from;
    }

    /** Where the next line begins in the file. */
    public long endOffset() {
        return offsetOfBuffer + next;
    }

    /** What holds the line from {@link #from} to {@link #to}, until the next call. */
    public byte[] buffer() {
        return buffer;
    }

    /** Where the line begins in the buffer. */
    public int from() {
        return from;
    }

    /** Where it ends in the buffer, its line feed not counted. */
    public int to() {
        return to;
    }

    /** The line's bytes, without line feed. */
    public byte[] copy() {
        return Arrays.copyOfRange(buffer, from, to);
    }

    /** Whether the sound line names this digest as that of the line before it. */
    public boolean follows(byte[] hash) {
        int at = form.prevAt(buffer, from);
        return Arrays.equals(buffer, at, at + hash.length, hash, 0, hash.length);
    }

    /** Writes the digest of the line to {@code hex} as 64 digits. */
    public void hash(byte[] hex) {
        form.hash(buffer, from, to - from, hex);
    }

    private int findLineFeed() throws IOException {
        int at = from;
        while (true) {
            for (; at < filled; at++) {
                if (buffer[at] == '\n') {
                    return at;
                }
            }
            int searched = at - from;
            if (searched > LineForm.MAX_LINE_BYTES || !fill()) {
                return -1;
            }
            at = from + searched;
        }
    }

    private boolean fill() throws IOException {
        if (from > 0) {
            System.arraycopy(buffer, from, buffer, 0, filled - from);
            offsetOfBuffer += from;
            filled -= from;
            from = 0;
        }
        if (filled == buffer.length) {
            buffer = Arrays.copyOf(buffer, 2 * buffer.length);
        }
        int read = in.read(buffer, filled, buffer.length - filled);
        if (read <= 0) {
            return false;
        }
        filled += read;
        return true;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
