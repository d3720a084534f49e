package dev.penstock.admin;

import dev.penstock.access.Right;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One method of one path: who answers it, and what is said of it in the description of the API.
 *
 * @param method upper case
 * @param template path after {@code /admin/v1}, with names in braces for its variable parts
 * @param right that it takes
 * @param pattern matches such paths
 * @param about what it is for
 * @param action answers
 */
record Endpoint(
        String method, String template, Right right, Pattern pattern, About about, Action action) {
    private static final Pattern VARIABLE = Pattern.compile("\\{[a-z]+}");

    /** Answers a request; {@code parts} are the variable parts of its path, in order. */
    @FunctionalInterface
    interface Action {
        AdminResponse answer(AdminRequest request, List<String> parts) throws InterruptedException;
    }

    /**
     * What the description of the API says.
     *
     * @param summary one sentence
     * @param query parameters that it takes; others are refused
     * @param body type of the JSON it takes; null for none
     * @param answer type of the JSON it answers; null for none
     * @param status of success
     * @param needsRevision whether it must carry an If-Match
     * @param takesUpload whether it takes a form with a file, too
     */
    record About(
            String summary,
            List<Query> query,
            @Nullable Class<?> body,
            @Nullable Class<?> answer,
            int status,
            boolean needsRevision,
            boolean takesUpload) {

        static About of(String summary, @Nullable Class<?> answer, Query... query) {
            return new About(summary, List.of(query), null, answer, 200, false, false);
        }

        About takes(Class<?> type) {
            return new About(summary, query, type, answer, status, needsRevision, takesUpload);
        }

        About accepted() {
            return new About(summary, query, body, answer, 202, needsRevision, takesUpload);
        }

        About ofRevision() {
            return new About(summary, query, body, answer, status, true, takesUpload);
        }

        About orUpload() {
            return new About(summary, query, body, answer, status, needsRevision, true);
        }
    }

    static Endpoint of(String method, String template, Right right, About about, Action action) {
        StringBuilder regex = new StringBuilder();
        Matcher matcher = VARIABLE.matcher(template);
        int from = 0;
        while (matcher.find()) {
            regex.append(Pattern.quote(template.substring(from, matcher.start())));
            regex.append("([^/:]+)");
            from = matcher.end();
        }
        regex.append(Pattern.quote(template.substring(from)));
        return new Endpoint(
                method, template, right, Pattern.compile(regex.toString()), about, action);
    }

    static Endpoint read(String template, About about, Action action) {
        return of("GET", template, Right.OBSERVE, about, action);
    }

    static Endpoint change(String method, String template, About about, Action action) {
        return of(method, template, Right.ADMIN, about, action);
    }

    /** The variable parts of a path of this endpoint; null when it is none. */
    @Nullable List<String> parts(String path) {
        Matcher matcher = pattern.matcher(path);
        if (!matcher.matches()) {
            return null;
        }
        List<String> parts = new ArrayList<>();
        for (int i = 1; i <= matcher.groupCount(); i++) {
            parts.add(matcher.group(i));
        }
        return parts;
    }

    /** The names in the template's braces. */
    List<String> variables() {
        return VARIABLE.matcher(template)
                .results()
                .map(found -> found.group().substring(1, found.group().length() - 1))
                .toList();
    }
}
