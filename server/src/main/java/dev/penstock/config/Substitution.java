package dev.penstock.config;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Puts variables of the environment into a value of the file, where it says ${NAME} or
 * ${NAME:-default}; a second dollar in front keeps the text as it is. It works on values that are
 * parsed already, so what a variable holds can never become a key or a list.
 */
final class Substitution {
    private static final Pattern OPENING = Pattern.compile("\\$?\\$\\{");
    private static final Pattern FORM =
            Pattern.compile("\\$\\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?}");

    private final Map<String, String> environment;

    Substitution(Map<String, String> environment) {
        this.environment = environment;
    }

    /**
     * The text with its variables replaced.
     *
     * @throws IllegalArgumentException when a variable has neither value nor default, or the form
     *     is wrong
     */
    String apply(String text) {
        Matcher opening = OPENING.matcher(text);
        StringBuilder done = new StringBuilder();
        int from = 0;
        while (opening.find(from)) {
            done.append(text, from, opening.start());
            if (opening.group().length() == 3) {
                done.append("${");
                from = opening.end();
                continue;
            }
            Matcher reference = FORM.matcher(text).region(opening.start(), text.length());
            if (!reference.lookingAt()) {
                throw new IllegalArgumentException(
                        Quoted.of(text)
                                + " holds ${ without NAME} or NAME:-default}; write $${ for the two"
                                + " characters");
            }
            done.append(value(reference.group(1), reference.group(2)));
            from = reference.end();
        }
        return done.append(text, from, text.length()).toString();
    }

    private String value(String name, @org.jspecify.annotations.Nullable String otherwise) {
        String value = environment.getOrDefault(name, "");
        if (!value.isEmpty()) {
            return value;
        }
        if (otherwise == null) {
            throw new IllegalArgumentException(
                    name + " is not set; set it, or write ${" + name + ":-default}");
        }
        return otherwise;
    }
}
