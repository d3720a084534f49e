package dev.penstock.http;

/**
 * Which outputs a caller wants as bytes behind the JSON.
 *
 * @param named how many outputs were asked for by name, at most 64
 * @param binary a bit for each of them, the lowest for the first
 * @param otherwise for all outputs when none was asked for by name
 */
record ReplyForm(int named, long binary, boolean otherwise) {
    static final ReplyForm JSON = new ReplyForm(0, 0, false);
    static final ReplyForm BINARY = new ReplyForm(0, 0, true);

    boolean isBinary(int index) {
        return index < named ? (binary >>> index & 1) != 0 : otherwise;
    }

    /** Whether no output needs to go through JSON. */
    boolean isAllBinary() {
        return named == 0 ? otherwise : Long.bitCount(binary) == named;
    }
}
