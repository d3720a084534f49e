package dev.penstock.admin;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.penstock.control.Fault;
import dev.penstock.inference.VersionId;
import dev.penstock.lineage.store.Selection;
import dev.penstock.lineage.store.Where;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What a search of the lineage log asks for.
 *
 * @param position where it goes on; null at the beginning
 * @param columns that earlier pages had; null when none did
 * @param hasValues whether values are given
 * @param testsValues whether a condition looks at values, so that the answer tells of them
 * @param digest of all that was asked for
 */
record LineageQuery(
        Selection selection,
        int limit,
        @Nullable String position,
        @Nullable List<LineageCursor.Column> columns,
        Form form,
        boolean hasValues,
        boolean testsValues,
        String digest) {
    private static final int DIGEST_BYTES = 8;
    private static final int MAX_TEXT_CHARS = 256;
    private static final BigDecimal MAX_MILLIS = BigDecimal.valueOf(1_000_000_000L);
    private static final Set<String> KINDS = Set.of("primary", "shadow");

    /** What a cursor depends on. */
    private static final List<String> FILTERS =
            List.of(
                    "model", "version", "arm", "kind", "crid", "code", "since", "until", "min_ms",
                    "where");

    /** How records are written. */
    enum Form {
        JSON,
        NDJSON,
        CSV
    }

    static final Query[] PARAMETERS = {
        new Query("model", "string", "of this model"),
        new Query("version", "string", "of this version"),
        new Query("arm", "string", "answered by this arm"),
        new Query("kind", "string", "primary or shadow; both with a comma between"),
        new Query("crid", "string", "with this id of the caller's own"),
        new Query("code", "string", "with this outcome, as in st.code"),
        new Query("since", "string", "not before, RFC 3339, or 10m for ten minutes ago"),
        new Query("until", "string", "not after, likewise"),
        new Query("min_ms", "number", "that took at least so long"),
        new Query("where", "string", "conditions like lat.queue > 500 and out.score[0] >= 0.9"),
        new Query("order", "string", "newest, the default, or oldest first"),
        new Query("payload", "boolean", "false leaves values out, and needs no entry of the audit"),
        new Query("format", "string", "json, ndjson or csv"),
        Query.LIMIT,
        Query.CURSOR
    };

    /**
     * Reads the parameters.
     *
     * @throws AdminException with all that is wrong with them
     */
    static LineageQuery of(AdminRequest request, Instant now) {
        return new Reading(request).read(now);
    }

    /** The cursor of what follows a page. */
    String cursor(String next, @Nullable List<LineageCursor.Column> shown) {
        return new LineageCursor(digest, next, selection.fromMillis(), selection.toMillis(), shown)
                .text();
    }

    /** One reading of parameters, with what is wrong with them. */
    private static final class Reading {
        private final AdminRequest request;
        private final List<Fault> faults = new ArrayList<>();

        Reading(AdminRequest request) {
            this.request = request;
        }

        LineageQuery read(Instant now) {
            boolean isNewestFirst =
                    word("order", "newest", Set.of("newest", "oldest")).equals("newest");
            String form = word("format", "json", Set.of("json", "ndjson", "csv"));
            int limit = Paging.limit(request.parameter("limit"), faults);
            String digest = digest();
            LineageCursor cursor = cursor(digest, isNewestFirst);
            Selection selection = selection(now, cursor, isNewestFirst);
            if (!faults.isEmpty()) {
                throw AdminException.invalid(faults);
            }
            return new LineageQuery(
                    selection,
                    limit,
                    cursor == null ? null : cursor.position(),
                    cursor == null ? null : cursor.columns(),
                    Form.valueOf(form.toUpperCase(Locale.ROOT)),
                    request.flag("payload", true),
                    selection.where().stream().anyMatch(Reading::looksAtValues),
                    digest);
        }

        private Selection selection(
                Instant now, @Nullable LineageCursor cursor, boolean isNewestFirst) {
            Instant since = LineageTime.parse(request.parameter("since"), "?since", now, faults);
            Instant until = LineageTime.parse(request.parameter("until"), "?until", now, faults);
            long from = since == null ? 0 : since.toEpochMilli();
            long to = until == null ? Selection.ALL.toMillis() : until.toEpochMilli() + 1;
            if (from >= to) {
                faults.add(new Fault("?since", "is not before ?until"));
                to = Selection.ALL.toMillis();
            }
            return new Selection(
                    cursor == null ? from : cursor.fromMillis(),
                    cursor == null ? to : cursor.toMillis(),
                    text("model"),
                    version(),
                    text("arm"),
                    kinds(),
                    text("crid"),
                    text("code"),
                    minMicros(),
                    where(),
                    isNewestFirst);
        }

        private @Nullable String text(String name) {
            String value = request.parameter(name);
            if (value != null && (value.isEmpty() || value.length() > MAX_TEXT_CHARS)) {
                faults.add(
                        new Fault("?" + name, "must have 1 to " + MAX_TEXT_CHARS + " characters"));
                return null;
            }
            return value;
        }

        private String word(String name, String whenAbsent, Set<String> known) {
            String value = request.parameter(name);
            if (value == null) {
                return whenAbsent;
            }
            if (!known.contains(value)) {
                String words = String.join(", ", new TreeSet<>(known));
                faults.add(new Fault("?" + name, "must be one of " + words));
                return whenAbsent;
            }
            return value;
        }

        private @Nullable Integer version() {
            String value = request.parameter("version");
            if (value == null) {
                return null;
            }
            long number = VersionId.parseNumber(value);
            if (number <= 0 || number > Integer.MAX_VALUE) {
                faults.add(new Fault("?version", "must be a version's number"));
                return null;
            }
            return (int) number;
        }

        private Set<String> kinds() {
            String value = request.parameter("kind");
            if (value == null) {
                return Set.of();
            }
            Set<String> kinds = new TreeSet<>();
            for (String each : value.split(",", 3)) {
                if (!KINDS.contains(each)) {
                    faults.add(new Fault("?kind", "must be primary, shadow, or primary,shadow"));
                    return Set.of();
                }
                kinds.add(each);
            }
            return kinds;
        }

        private long minMicros() {
            String value = request.parameter("min_ms");
            if (value == null) {
                return 0;
            }
            BigDecimal millis =
                    value.matches("[0-9]{1,10}(\\.[0-9]{1,3})?") ? new BigDecimal(value) : null;
            if (millis == null || millis.compareTo(MAX_MILLIS) > 0) {
                faults.add(new Fault("?min_ms", "must be milliseconds, up to " + MAX_MILLIS));
                return 0;
            }
            return millis.movePointRight(3).longValueExact();
        }

        private List<Where> where() {
            String value = request.parameter("where");
            if (value == null) {
                return List.of();
            }
            try {
                return Where.parse(value);
            } catch (IllegalArgumentException e) {
                faults.add(new Fault("?where", Names.printable(String.valueOf(e.getMessage()))));
                return List.of();
            }
        }

        // Rather too often than too rarely: digests of inputs tell of them, too.
        private static boolean looksAtValues(Where where) {
            String path = where.toString().replace("\"", "").strip();
            return path.startsWith("in") || path.startsWith("out");
        }

        private @Nullable LineageCursor cursor(String digest, boolean isNewestFirst) {
            String value = request.parameter("cursor");
            if (value == null) {
                return null;
            }
            LineageCursor cursor = LineageCursor.parse(value);
            if (cursor == null) {
                faults.add(new Fault("?cursor", "is no cursor that a page gave"));
                return null;
            }
            boolean isOfThis =
                    cursor.query().equals(digest)
                            && cursor.position().startsWith(isNewestFirst ? "d" : "a");
            boolean isRange =
                    cursor.fromMillis() >= 0
                            && cursor.fromMillis() <= cursor.toMillis()
                            && cursor.toMillis() <= Selection.ALL.toMillis();
            if (!isOfThis || !isRange) {
                faults.add(new Fault("?cursor", "is one of another search"));
                return null;
            }
            return cursor;
        }

        private String digest() {
            try {
                MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
                for (String name : FILTERS) {
                    String value = request.parameter(name);
                    byte[] bytes = value == null ? new byte[0] : value.getBytes(UTF_8);
                    sha256.update(
                            ByteBuffer.allocate(Integer.BYTES)
                                    .putInt(value == null ? -1 : bytes.length)
                                    .flip());
                    sha256.update(bytes);
                }
                return HexFormat.of().formatHex(sha256.digest(), 0, DIGEST_BYTES);
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("every Java has SHA-256", e);
            }
        }
    }
}
