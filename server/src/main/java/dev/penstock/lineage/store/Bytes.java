package dev.penstock.lineage.store;

import java.util.Arrays;

/** Looks for bytes in bytes. */
final class Bytes {
    private Bytes() {}

    static boolean contains(byte[] in, byte[] wanted) {
        int last = in.length - wanted.length;
        for (int at = 0; at <= last; at++) {
            if (in[at] == wanted[0]
                    && Arrays.equals(in, at, at + wanted.length, wanted, 0, wanted.length)) {
                return true;
            }
        }
        return false;
    }
}
