package dev.penstock.admin;

import dev.penstock.access.Right;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One method of one path, and who answers it.
 *
 * @param method upper case
 * @param template path after {@code /admin/v1}, with names in braces for its variable parts
 * @param right what a caller must have
 * @param pattern matches such paths
 * @param action answers
 */
record Endpoint(String method, String template, Right right, Pattern pattern, Action action) {
    private static final Pattern VARIABLE = Pattern.compile("\\{[a-z]+}");

    /** Answers a request; {@code parts} are the variable parts of its path, in order. */
    @FunctionalInterface
    interface Action {
        AdminResponse answer(AdminRequest request, List<String> parts) throws InterruptedException;
    }

    static Endpoint of(String method, String template, Right right, Action action) {
        StringBuilder regex = new StringBuilder();
        Matcher matcher = VARIABLE.matcher(template);
        int from = 0;
        while (matcher.find()) {
            regex.append(Pattern.quote(template.substring(from, matcher.start())));
            regex.append("([^/:]+)");
            from = matcher.end();
        }
        regex.append(Pattern.quote(template.substring(from)));
        return new Endpoint(method, template, right, Pattern.compile(regex.toString()), action);
    }

    /** The variable parts of a path of this endpoint; null when it is none. */
    @Nullable List<String> parts(String path) {
        Matcher matcher = pattern.matcher(path);
        if (!matcher.matches()) {
            return null;
        }
        List<String> parts = new java.util.ArrayList<>();
        for (int i = 1; i <= matcher.groupCount(); i++) {
            parts.add(matcher.group(i));
        }
        return parts;
    }
}
