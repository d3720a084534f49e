package dev.penstock.journal;

/** One line that was read: its place in the chain and its bytes. */
public final class JournalLine {
    private final long seq;
    private final byte[] bytes;

    JournalLine(long seq, byte[] bytes) {
        this.seq = seq;
        this.bytes = bytes;
    }

    public long seq() {
        return seq;
    }

    /** The JSON object, chain fields and all, without the line feed; the reader's own copy. */
    public byte[] bytes() {
        return bytes;
    }
}
