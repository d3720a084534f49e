package dev.penstock.grpc;

import dev.penstock.inference.Limits;
import dev.penstock.runtime.Deadline;
import java.util.HashMap;
import java.util.Map;

/**
 * The parameters of a request, of an input or of an output: looks at each as it comes, keeps what
 * has a meaning here, and lets all others pass.
 */
final class RequestParameters {
    /** What a parameter belongs to. */
    enum Owner {
        REQUEST,
        INPUT,
        OUTPUT
    }

    private static final int KEY = WireCursor.tag(1, WireCursor.LENGTH);
    private static final int VALUE = WireCursor.tag(2, WireCursor.LENGTH);

    private static final int BOOL = WireCursor.tag(1, WireCursor.VARINT);
    private static final int INT64 = WireCursor.tag(2, WireCursor.VARINT);
    private static final int STRING = WireCursor.tag(3, WireCursor.LENGTH);
    private static final int DOUBLE = WireCursor.tag(4, WireCursor.FIXED64);
    private static final int UINT64 = WireCursor.tag(5, WireCursor.VARINT);

    private static final long NANOS_PER_MICRO = 1_000;

    private final WireCursor cursor;
    private final Limits limits;
    private long timeoutMicros;

    // The value of the entry that is being read: the tag of the choice that came last, and its
    // number.
    private int choice;
    private long number;
    private String text = "";
    private Map<String, String> others = Map.of();

    RequestParameters(WireCursor cursor, Limits limits) {
        this.cursor = cursor;
        this.limits = limits;
    }

    /** Reads one entry of a parameter map. */
    void read(Owner owner) {
        String key = "";
        choice = 0;
        number = 0;
        text = "";
        int outer = cursor.enter();
        while (cursor.hasMore()) {
            int tag = cursor.tag();
            if (tag == KEY) {
                key = cursor.name(limits.nameBytes(), "a parameter's name");
            } else if (tag == VALUE) {
                readValue();
            } else {
                cursor.skip(tag);
            }
        }
        cursor.leave(outer);
        apply(owner, key);
    }

    private void readValue() {
        int outer = cursor.enter();
        while (cursor.hasMore()) {
            int tag = cursor.tag();
            if (tag == BOOL || tag == INT64 || tag == UINT64) {
                choice = tag;
                number = cursor.varint();
            } else if (tag == STRING) {
                choice = tag;
                text = cursor.text(limits.parameterBytes(), "a parameter's value");
            } else if (tag == DOUBLE) {
                choice = tag;
                number = cursor.fixed64();
            } else {
                cursor.skip(tag);
            }
        }
        cursor.leave(outer);
    }

    private void apply(Owner owner, String key) {
        if (owner == Owner.REQUEST) {
            if (key.equals("timeout")) {
                timeoutMicros = timeout();
            } else if (choice != 0) {
                keep(key);
            }
            return;
        }
        if (key.startsWith("shared_memory_")) {
            throw Refusals.unsupported("shared memory is not supported");
        }
        if (owner == Owner.OUTPUT && key.equals("classification")) {
            throw Refusals.unsupported("output parameter 'classification' is not supported");
        }
    }

    // Only routes look at these.
    private void keep(String key) {
        if (others.isEmpty()) {
            others = new HashMap<>();
        }
        others.put(key, value());
    }

    private String value() {
        if (choice == STRING) {
            return text;
        }
        if (choice == BOOL) {
            return number != 0 ? "true" : "false";
        }
        if (choice == DOUBLE) {
            return Double.toString(Double.longBitsToDouble(number));
        }
        return choice == UINT64 ? Long.toUnsignedString(number) : Long.toString(number);
    }

    /** Those of the request that have no meaning of their own, as text. */
    Map<String, String> others() {
        return others;
    }

    private long timeout() {
        boolean isCount = (choice == UINT64 || choice == INT64) && number >= 0;
        if (!isCount || number > Limits.MAX_TIMEOUT_MICROS) {
            throw Refusals.invalid(
                    "INVALID_PARAMETER",
                    "parameter 'timeout' must be a number of microseconds, from 0 to "
                            + Limits.MAX_TIMEOUT_MICROS);
        }
        return number;
    }

    /** When the request's own timeout ends: never, if it has none. */
    Deadline deadline(long nowNanos) {
        return timeoutMicros == 0
                ? Deadline.NEVER
                : Deadline.after(nowNanos, timeoutMicros * NANOS_PER_MICRO);
    }
}
