package dev.penstock.http;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * The place of one answer in the order of its connection's requests. Touched on the connection's
 * event loop alone.
 */
class Slot {
    /** The answer, head and all; null until it is known. */
    @Nullable ByteBuf bytes;

    /** The connection ends after this answer. */
    boolean isLast;

    /** The caller speaks HTTP/1.0 and must be told that the connection stays. */
    boolean isKeepAliveTold;

    /** The caller wants the head alone. */
    boolean isHeadOnly;

    /** Counted in the pool for the answer until it is with the socket. */
    long reservedBytes;

    @Nullable Slot next;

    /** The answer was handed to the socket; what it was made of may go. */
    void written() {}

    /** Nobody is there to read the answer. */
    void abandon() {}
}
