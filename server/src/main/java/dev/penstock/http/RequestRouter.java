package dev.penstock.http;

import dev.penstock.inference.ModelRef;
import dev.penstock.inference.VersionId;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds out where a request target leads. Keeps the answer for targets it has seen lately, because
 * clients ask for the same again and again. One for each event loop.
 */
final class RequestRouter {
    private static final int KEPT_TARGETS = 256;
    private static final int MAX_SEGMENTS = 8;
    private static final ModelRef NO_MODEL = new ModelRef("", ModelRef.ANY);
    private static final Route UNKNOWN = new Route(Route.Kind.UNKNOWN, NO_MODEL);
    private static final Route NOT_OFFERED = new Route(Route.Kind.NOT_OFFERED, NO_MODEL);
    private static final Route SHARED_MEMORY = new Route(Route.Kind.SHARED_MEMORY, NO_MODEL);

    private final Map<String, Route> known = new HashMap<>();
    private String lastTarget = "";
    private Route lastRoute = UNKNOWN;

    Route route(String target) {
        if (target.equals(lastTarget)) {
            return lastRoute;
        }
        Route route = known.get(target);
        if (route == null) {
            route = find(path(target));
            if (known.size() >= KEPT_TARGETS) {
                known.clear();
            }
            known.put(target, route);
        }
        lastTarget = target;
        lastRoute = route;
        return route;
    }

    /** The target without scheme, host and query. */
    private static String path(String target) {
        int from = 0;
        if (target.regionMatches(true, 0, "http://", 0, 7)) {
            from = Math.max(target.indexOf('/', 7), 0);
        }
        int query = target.indexOf('?', from);
        return target.substring(from, query < 0 ? target.length() : query);
    }

    private static Route find(String path) {
        List<String> parts = split(path);
        if (parts.isEmpty() || !parts.getFirst().equals("v2")) {
            return UNKNOWN;
        }
        if (parts.size() == 1) {
            return new Route(Route.Kind.SERVER, NO_MODEL);
        }
        return switch (parts.get(1)) {
            case "health" -> health(parts);
            case "models" -> model(parts);
            case "systemsharedmemory", "cudasharedmemory" -> SHARED_MEMORY;
            case "repository", "logging" -> NOT_OFFERED;
            case "trace" ->
                    parts.size() == 3 && parts.get(2).equals("setting") ? NOT_OFFERED : UNKNOWN;
            default -> UNKNOWN;
        };
    }

    private static Route health(List<String> parts) {
        if (parts.size() != 3) {
            return UNKNOWN;
        }
        return switch (parts.get(2)) {
            case "live" -> new Route(Route.Kind.LIVE, NO_MODEL);
            case "ready" -> new Route(Route.Kind.READY, NO_MODEL);
            default -> UNKNOWN;
        };
    }

    private static Route model(List<String> parts) {
        if (parts.size() < 3) {
            return UNKNOWN;
        }
        if (parts.size() == 3 && parts.get(2).equals("stats")) {
            return NOT_OFFERED;
        }
        String name = decode(parts.get(2));
        if (name == null || name.isEmpty()) {
            return UNKNOWN;
        }
        long version = ModelRef.ANY;
        int rest = 3;
        if (parts.size() > 3 && parts.get(3).equals("versions")) {
            if (parts.size() == 4 || !isDecimal(parts.get(4))) {
                return UNKNOWN;
            }
            version = VersionId.parseNumber(parts.get(4));
            if (version == 0) {
                // Digits, but of no version that there could be: the largest is never given out.
                version = Long.MAX_VALUE;
            }
            rest = 5;
        }
        return action(parts, rest, new ModelRef(name, version));
    }

    private static Route action(List<String> parts, int rest, ModelRef model) {
        if (parts.size() == rest) {
            return new Route(Route.Kind.MODEL, model);
        }
        String action = parts.get(rest);
        if (parts.size() == rest + 2
                && action.equals("trace")
                && parts.get(rest + 1).equals("setting")
                && !model.isPinned()) {
            return NOT_OFFERED;
        }
        if (parts.size() != rest + 1) {
            return UNKNOWN;
        }
        return switch (action) {
            case "infer" -> new Route(Route.Kind.INFER, model);
            case "ready" -> new Route(Route.Kind.MODEL_READY, model);
            case "config", "stats", "generate", "generate_stream" -> NOT_OFFERED;
            default -> UNKNOWN;
        };
    }

    /** The segments of a path; empty when it is none that we know the form of. */
    private static List<String> split(String path) {
        List<String> parts = new ArrayList<>(MAX_SEGMENTS);
        if (path.isEmpty() || path.charAt(0) != '/') {
            return parts;
        }
        int from = 1;
        while (from <= path.length()) {
            int slash = path.indexOf('/', from);
            int end = slash < 0 ? path.length() : slash;
            if (end == from || parts.size() == MAX_SEGMENTS) {
                return List.of();
            }
            parts.add(path.substring(from, end));
            from = end + 1;
            if (slash == path.length() - 1) {
                return List.of();
            }
        }
        return parts;
    }

    private static boolean isDecimal(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return false;
            }
        }
        return true;
    }

    /** Takes percent-encoding off; null when it is malformed or hides what is not UTF-8. */
    private static @Nullable String decode(String text) {
        if (text.indexOf('%') < 0) {
            return text;
        }
        byte[] bytes = new byte[text.length()];
        int size = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '%') {
                bytes[size++] = (byte) c;
                continue;
            }
            if (i + 2 >= text.length()) {
                return null;
            }
            int high = Character.digit(text.charAt(i + 1), 16);
            int low = Character.digit(text.charAt(i + 2), 16);
            if (high < 0 || low < 0) {
                return null;
            }
            bytes[size++] = (byte) (high << 4 | low);
            i += 2;
        }
        String decoded = new String(bytes, 0, size, StandardCharsets.UTF_8);
        return decoded.indexOf('\uFFFD') >= 0 ? null : decoded;
    }
}
