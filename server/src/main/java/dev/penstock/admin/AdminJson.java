package dev.penstock.admin;

import dev.penstock.control.Fault;
import java.util.List;
import java.util.Locale;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DatabindException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

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
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .build();

    private AdminJson() {}

    /** Writes a body; a byte array is a body already. */
    public static byte[] write(Object body) {
        return body instanceof byte[] bytes ? bytes : MAPPER.writeValueAsBytes(body);
    }

    /**
     * Reads a body.
     *
     * @throws AdminException when it is not JSON, or not of that form
     */
    static <T> T read(AdminRequest request, Class<T> type) {
        checkType(request.header("content-type"));
        byte[] bytes = request.body().bytes();
        try {
            T value = MAPPER.readValue(bytes, type);
            if (value == null) {
                throw AdminException.invalid(List.of(new Fault("", "must be an object")));
            }
            return value;
        } catch (StreamReadException e) {
            throw AdminException.of(ProblemCode.SYNTAX, where(e), null);
        } catch (DatabindException e) {
            throw AdminException.invalid(List.of(new Fault(pointer(e), message(e))));
        } catch (JacksonException e) {
            throw AdminException.of(ProblemCode.SYNTAX, where(e), null);
        }
    }

    private static void checkType(@org.jspecify.annotations.Nullable String contentType) {
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

    private static String message(DatabindException e) {
        return firstLine(e.getOriginalMessage());
    }

    private static String firstLine(String text) {
        int end = text.indexOf('\n');
        return end < 0 ? text : text.substring(0, end);
    }

    private static String pointer(DatabindException e) {
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
