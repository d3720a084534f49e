package dev.penstock.admin;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The {@code If-Match} of a change: the revision that its author saw. */
public final class Precondition {
    private static final long ANY = -1;
    private static final Pattern REVISION = Pattern.compile("\"r(0|[1-9][0-9]{0,17})\"");

    private final long revision;

    private Precondition(long revision) {
        this.revision = revision;
    }

    /**
     * Reads the header.
     *
     * @throws AdminException when there is none, or it is neither {@code *} nor one revision
     */
    public static Precondition parse(@Nullable String header) {
        if (header == null || header.isBlank()) {
            throw AdminException.of(
                    ProblemCode.REVISION_REQUIRED,
                    "the request has no If-Match",
                    "read the resource and send its ETag as If-Match, or If-Match: *");
        }
        String text = header.strip();
        if (text.equals("*")) {
            return new Precondition(ANY);
        }
        Matcher matcher = REVISION.matcher(text);
        if (!matcher.matches()) {
            throw AdminException.of(
                    ProblemCode.SYNTAX,
                    "If-Match must be a revision like \"r7\", with the quotes, or *",
                    null);
        }
        return new Precondition(Long.parseLong(matcher.group(1)));
    }

    boolean holds(long now) {
        return revision == ANY || revision == now;
    }

    /** As headers write it. */
    public static String tag(long revision) {
        return "\"r" + revision + "\"";
    }

    @Override
    public String toString() {
        return revision == ANY ? "*" : "r" + revision;
    }
}
