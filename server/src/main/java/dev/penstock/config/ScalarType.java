package dev.penstock.config;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * A value that is written as one word or number.
 *
 * @param name {@code duration}
 * @param article the name with its article
 * @param example of a value
 * @param jsonType {@code string}, {@code integer}, {@code number} or {@code boolean}
 * @param pattern of the text, whole; null when any text will do
 * @param words the only values; empty when there are more
 * @param parse throws IllegalArgumentException with what to write instead
 * @param format writes what {@code parse} reads
 * @param range null when every value is allowed
 */
record ScalarType(
        String name,
        String article,
        String example,
        String jsonType,
        @Nullable String pattern,
        List<String> words,
        Function<String, Object> parse,
        Function<Object, String> format,
        @Nullable Range range)
        implements ValueType {
    private static final int MAX_DIGITS = 18;
    private static final String SECRET = "secret";

    /** Both ends belong to it. */
    record Range(Object min, Object max, String minText, String maxText) {
        boolean holds(Object value) {
            return compare(value, min) >= 0 && compare(value, max) <= 0;
        }

        @SuppressWarnings("unchecked")
        private static int compare(Object left, Object right) {
            return ((Comparable<Object>) left).compareTo(right);
        }
    }

    /** The type of a component of that class, or null when a value of it cannot be one word. */
    static @Nullable ScalarType of(Class<?> type, @Nullable Between between) {
        ScalarType bare = bare(type);
        if (bare == null || between == null) {
            return bare;
        }
        Range range =
                new Range(
                        bare.parse().apply(between.min()),
                        bare.parse().apply(between.max()),
                        between.min(),
                        between.max());
        return new ScalarType(
                bare.name(),
                bare.article(),
                between.min(),
                bare.jsonType(),
                bare.pattern(),
                bare.words(),
                bare.parse(),
                bare.format(),
                range);
    }

    private static @Nullable ScalarType bare(Class<?> type) {
        if (type == int.class || type == Integer.class) {
            return plain("integer", "a whole number", "8", "integer", null, ScalarType::parseInt);
        }
        if (type == long.class) {
            return plain("integer", "a whole number", "8", "integer", null, ScalarType::parseLong);
        }
        if (type == boolean.class) {
            return plain(
                    "boolean", "true or false", "true", "boolean", null, ScalarType::parseBoolean);
        }
        if (type == String.class) {
            return plain("text", "a word", "word", "string", null, ScalarType::parseText);
        }
        if (type == Path.class) {
            return plain("path", "a path", "models", "string", null, ScalarType::parsePath);
        }
        if (type == Fraction.class) {
            return plain("fraction", "a fraction", "0.02", "number", null, Fraction::parse);
        }
        if (type == DataSize.class) {
            return plain("size", "a size", "64MiB", "string", DataSize.PATTERN, DataSize::parse);
        }
        if (type == ListenAddress.class) {
            return plain(
                    "address",
                    "an address",
                    "127.0.0.1:8000",
                    "string",
                    ListenAddress.PATTERN,
                    ListenAddress::parse);
        }
        if (type == SecretFile.class) {
            return plain(
                    SECRET, "a file", "file:PATH", "string", SecretFile.PATTERN, SecretFile::parse);
        }
        if (type == Duration.class) {
            return new ScalarType(
                    "duration",
                    "a duration",
                    "5s",
                    "string",
                    DurationText.PATTERN,
                    List.of(),
                    DurationText::parse,
                    value -> DurationText.of((Duration) value),
                    null);
        }
        return type.isEnum() ? constants(type) : parsed(type);
    }

    private static ScalarType plain(
            String name,
            String article,
            String example,
            String jsonType,
            @Nullable String pattern,
            Function<String, Object> parse) {
        return new ScalarType(
                name,
                article,
                example,
                jsonType,
                pattern,
                List.of(),
                parse,
                Object::toString,
                null);
    }

    private static ScalarType constants(Class<?> type) {
        List<Object> constants = List.of(type.getEnumConstants());
        List<String> words = constants.stream().map(ScalarType::word).toList();
        return new ScalarType(
                "word",
                "one of " + String.join(", ", words),
                words.getFirst(),
                "string",
                null,
                words,
                text -> constant(constants, words, text),
                ScalarType::word,
                null);
    }

    private static String word(Object constant) {
        return ((Enum<?>) constant).name().toLowerCase(Locale.ROOT);
    }

    private static Object constant(List<Object> constants, List<String> words, String text) {
        int index = words.indexOf(text);
        if (index >= 0) {
            return constants.get(index);
        }
        String nearest = Suggestion.nearest(text, words);
        throw new IllegalArgumentException(
                Quoted.of(text)
                        + " is not one of "
                        + String.join(", ", words)
                        + (nearest == null ? "" : ". Did you mean " + Quoted.of(nearest) + "?"));
    }

    /** A type of another room that reads itself: a static {@code parse} of a string. */
    private static @Nullable ScalarType parsed(Class<?> type) {
        Method parse =
                Arrays.stream(type.getDeclaredMethods())
                        .filter(m ->
                                m.getName().equals("parse")
                                        && Modifier.isStatic(m.getModifiers())
                                        && Arrays.equals(
                                                m.getParameterTypes(),
                                                new Class<?>[] {String.class}))
                        .findFirst()
                        .orElse(null);
        if (parse == null) {
            return null;
        }
        parse.setAccessible(true);
        return plain("text", "a value", "value", "string", null, text -> invoke(parse, text));
    }

    private static Object invoke(Method parse, String text) {
        try {
            return parse.invoke(null, text);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof IllegalArgumentException refused) {
                throw refused;
            }
            throw new IllegalStateException(parse + " of " + text, e.getCause());
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Object parseInt(String text) {
        long value = (Long) parseLong(text);
        if (value != (int) value) {
            throw new IllegalArgumentException(text + " is too large for a number here");
        }
        return (int) value;
    }

    private static Object parseLong(String text) {
        if (!text.matches("-?[0-9]{1," + MAX_DIGITS + "}")) {
            throw new IllegalArgumentException(
                    Quoted.of(text) + " is not a whole number such as 8");
        }
        return Long.parseLong(text);
    }

    private static Object parseBoolean(String text) {
        if (!text.equals("true") && !text.equals("false")) {
            throw new IllegalArgumentException(Quoted.of(text) + " is not true or false");
        }
        return text.equals("true");
    }

    private static Object parseText(String text) {
        if (text.isEmpty() || text.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException(
                    text.isEmpty() ? "is empty" : Quoted.of(text) + " holds a control character");
        }
        return text;
    }

    private static Object parsePath(String text) {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("is empty, must be a path");
        }
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException(Quoted.of(text) + " is not a path", e);
        }
    }

    /**
     * The value that the text means.
     *
     * @throws IllegalArgumentException with what to write instead
     */
    Object read(String text) {
        Object value = parse.apply(text);
        if (range != null && !range.holds(value)) {
            throw new IllegalArgumentException(
                    text + " is not between " + range.minText() + " and " + range.maxText());
        }
        return value;
    }

    boolean isSecret() {
        return name.equals(SECRET);
    }

    @Override
    public String wanted() {
        boolean saysItAll = !words.isEmpty() || jsonType.equals("boolean") || name.equals("text");
        return saysItAll ? article : article + " such as " + example;
    }

    @Override
    public String text(Object value) {
        return format.apply(value);
    }

    @Override
    public JsonNode json(Object value) {
        JsonNodeFactory json = JsonNodeFactory.instance;
        return switch (value) {
            case Integer number -> json.numberNode(number);
            case Long number -> json.numberNode(number);
            case Boolean flag -> json.booleanNode(flag);
            case Fraction fraction -> json.numberNode(fraction.value());
            default -> json.stringNode(text(value));
        };
    }
}
