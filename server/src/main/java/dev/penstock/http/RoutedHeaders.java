package dev.penstock.http;

import dev.penstock.inference.CallFacts;
import dev.penstock.serving.InferenceService;
import dev.penstock.serving.RoutingNames;
import dev.penstock.serving.ServingTable;
import io.netty.util.AsciiString;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The header fields of a request that routes look at: which these are changes with the routes, at
 * most from one request to the next.
 */
final class RoutedHeaders {
    private static final AsciiString[] NONE = {};

    private final InferenceService service;
    private ServingTable table = ServingTable.EMPTY;
    private RoutingNames known = RoutingNames.NONE;
    private AsciiString[] names = NONE;
    private @Nullable String[] values = new @Nullable String[0];
    private boolean isAny;

    RoutedHeaders(InferenceService service) {
        this.service = service;
    }

    /** Forgets the request before, and looks which names count for the next. */
    @SuppressWarnings("ReferenceEquality") // a table keeps its names for as long as it serves
    void reset() {
        table = service.table();
        RoutingNames now = table.routingNames();
        if (now != known) {
            known = now;
            List<String> headers = now.headers();
            names = new AsciiString[headers.size()];
            for (int i = 0; i < names.length; i++) {
                names[i] = AsciiString.cached(headers.get(i));
            }
            values = new @Nullable String[names.length];
        } else if (isAny) {
            java.util.Arrays.fill(values, null);
        }
        isAny = false;
    }

    /** The constant of a name that routes look at, or {@link RequestFields#OTHER}. */
    AsciiString name(byte[] text, int start, int length) {
        for (AsciiString name : names) {
            if (name.length() == length && isSame(name, text, start)) {
                return name;
            }
        }
        return RequestFields.OTHER;
    }

    private static boolean isSame(AsciiString name, byte[] text, int start) {
        for (int i = 0; i < name.length(); i++) {
            byte c = text[start + i];
            int lower = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
            if (lower != name.byteAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** Keeps a field if a route looks at it; of several with one name, the first. */
    void add(CharSequence name, String value) {
        for (int i = 0; i < names.length; i++) {
            if (values[i] == null && names[i].contentEquals(name)) {
                values[i] = value;
                isAny = true;
            }
        }
    }

    /** What was kept. */
    CallFacts facts() {
        if (!isAny) {
            return table.facts(Map.of());
        }
        Map<String, String> kept = new HashMap<>();
        for (int i = 0; i < names.length; i++) {
            String value = values[i];
            if (value != null) {
                kept.put(names[i].toString(), value);
            }
        }
        return table.facts(kept);
    }
}
