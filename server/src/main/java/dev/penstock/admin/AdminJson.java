package dev.penstock.admin;

import dev.penstock.control.Fault;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonPointer;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The JSON of operators: strict in, snake case out. */
public final class AdminJson {
    private static final int MAX_DEPTH = 32;
    private static final int MAX_NUMBER_CHARS = 64;
    private static final int MAX_TEXT_CHARS = 64 * 1024;

    private static final JsonMapper MAPPER =
            JsonMapper.builder(
                            JsonFactory.builder()
                                    .streamReadConstraints(
                                            StreamReadConstraints.builder()
                                                    .maxNestingDepth(MAX_DEPTH)
                                                    .maxNumberLength(MAX_NUMBER_CHARS)
                                                    .maxStringLength(MAX_TEXT_CHARS)
                                                    .build())
                                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                                    .build())
                    .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                    .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .build();

    private AdminJson() {}

    /** Writes a body; a byte array is a body already. */
    public static byte[] write(Object body) {
        return body instanceof byte[] bytes ? bytes : MAPPER.writeValueAsBytes(body);
    }

    /** How it reads and writes, for what is no body. */
    static JsonMapper mapper() {
        return MAPPER;
    }

    /**
     * A body, as far as it has its form.
     *
     * @param value without what is of a wrong form
     * @param faults of form
     */
    record Reading<T>(T value, List<Fault> faults) {
        /** The value, if nothing is wrong with it, here or by those who looked further. */
        T orThrow(List<Fault> others) {
            List<Fault> all = new ArrayList<>(faults);
            for (Fault other : others) {
                boolean isSaid =
                        faults.stream()
                                .anyMatch(said ->
                                        other.pointer().equals(said.pointer())
                                                || other.pointer()
                                                        .startsWith(said.pointer() + "/"));
                if (!isSaid) {
                    all.add(other);
                }
            }
            if (!all.isEmpty()) {
                throw AdminException.invalid(all);
            }
            return value;
        }
    }

    /**
     * Reads a body that nothing but its form is wrong with.
     *
     * @throws AdminException when it is not JSON, or not of that form
     */
    static <T> T read(AdminRequest request, Class<T> type) {
        return reading(request, type).orThrow(List.of());
    }

    /**
     * Reads a body, and what is wrong with its form beside the rest of it.
     *
     * @throws AdminException when it is not JSON, or no object
     */
    static <T> Reading<T> reading(AdminRequest request, Class<T> type) {
        checkType(request.header("content-type"));
        JsonNode tree;
        try {
            tree = MAPPER.readTree(request.body().bytes());
        } catch (JacksonException e) {
            throw AdminException.of(ProblemCode.SYNTAX, where(e), null);
        }
        if (tree == null || !tree.isObject()) {
            throw AdminException.invalid(List.of(new Fault("", "must be an object")));
        }
        List<Fault> faults = Schemas.faults(type, tree);
        faults.forEach(fault -> remove(tree, fault.pointer()));
        try {
            return new Reading<>(MAPPER.treeToValue(tree, type), faults);
        } catch (JacksonException e) {
            List<Fault> all = new ArrayList<>(faults);
            all.add(new Fault(pointer(e), message(e)));
            throw AdminException.invalid(all);
        }
    }

    private static void remove(JsonNode tree, String pointer) {
        JsonPointer at = JsonPointer.compile(pointer);
        JsonPointer last = at.last();
        if (last == null) {
            return;
        }
        switch (tree.at(at.head())) {
            case ObjectNode object -> object.remove(last.getMatchingProperty());
            case ArrayNode array when array.has(last.getMatchingIndex()) ->
                    array.setNull(last.getMatchingIndex());
            default -> {}
        }
    }

    private static void checkType(@Nullable String contentType) {
        String type = contentType == null ? "" : contentType.toLowerCase(Locale.ROOT);
        int parameters = type.indexOf(';');
        String bare = (parameters < 0 ? type : type.substring(0, parameters)).strip();
        if (!bare.equals("application/json")) {
            throw AdminException.of(
                    ProblemCode.UNSUPPORTED_MEDIA_TYPE,
                    "the body must be application/json",
                    "send Content-Type: application/json");
        }
    }

    private static String where(JacksonException e) {
        String text = e.getOriginalMessage();
        int line = e.getLocation() == null ? -1 : e.getLocation().getLineNr();
        String at =
                line < 0 ? "" : " at line " + line + ", column " + e.getLocation().getColumnNr();
        return "not valid JSON" + at + ": " + firstLine(text);
    }

    private static String message(JacksonException e) {
        return firstLine(e.getOriginalMessage());
    }

    private static String firstLine(String text) {
        int end = text.indexOf('\n');
        return end < 0 ? text : text.substring(0, end);
    }

    private static String pointer(JacksonException e) {
        StringBuilder pointer = new StringBuilder();
        for (JacksonException.Reference part : e.getPath()) {
            pointer.append('/');
            if (part.getPropertyName() != null) {
                pointer.append(part.getPropertyName().replace("~", "~0").replace("/", "~1"));
            } else {
                pointer.append(part.getIndex());
            }
        }
        return pointer.toString();
    }
}
