package dev.penstock.runtime;

/** What is UTF-8 and what is not, by table 3-7 of the Unicode standard. */
public final class Utf8 {
    private Utf8() {}

    /**
     * The length of the character of more than one byte that begins at {@code at}.
     *
     * @return 0 when there is none that is well-formed and ends before {@code end}
     */
    public static int length(byte[] text, int at, int end) {
        int first = text[at] & 0xff;
        if (first < 0xc2 || first > 0xf4) {
            return 0;
        }
        int length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
        if (end - at < length) {
            return 0;
        }
        int second = text[at + 1] & 0xff;
        int low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
        int high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
        if (second < low || second > high) {
            return 0;
        }
        for (int i = 2; i < length; i++) {
            if ((text[at + i] & 0xc0) != 0x80) {
                return 0;
            }
        }
        return length;
    }
}
