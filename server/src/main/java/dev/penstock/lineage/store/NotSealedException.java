package dev.penstock.lineage.store;

import java.io.IOException;

/** A record lies in a segment without a signature yet, so that nothing proves it. */
public final class NotSealedException extends IOException {
    private static final long serialVersionUID = 1;

    NotSealedException(String segment) {
        super("segment " + segment + " is not sealed");
    }
}
