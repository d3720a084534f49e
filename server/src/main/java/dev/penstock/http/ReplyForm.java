package dev.penstock.http;

/** Which outputs a caller wants as bytes behind the JSON. */
final class ReplyForm {
    static final ReplyForm JSON = new ReplyForm(0, new long[0], false);
    static final ReplyForm BINARY = new ReplyForm(0, new long[0], true);

    private final int named;
    private final long[] binary;
    private final boolean otherwise;

    private ReplyForm(int named, long[] binary, boolean otherwise) {
        this.named = named;
        this.binary = binary;
        this.otherwise = otherwise;
    }

    /**
     * The form of an answer with the outputs that were asked for by name.
     *
     * @param named how many
     * @param binary a bit for each, the lowest of the first word for the first; not changed later
     */
    static ReplyForm ofNamed(int named, long[] binary) {
        return new ReplyForm(named, binary, false);
    }

    boolean isBinary(int index) {
        return index < named ? (binary[index >> 6] >>> index & 1) != 0 : otherwise;
    }

    /** Whether no output needs to go through JSON. */
    boolean isAllBinary() {
        int count = 0;
        for (long word : binary) {
            count += Long.bitCount(word);
        }
        return named == 0 ? otherwise : count == named;
    }
}
