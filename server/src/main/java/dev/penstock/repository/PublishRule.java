package dev.penstock.repository;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Decides from looks at a version's files whether they are all there.
 *
 * <p>A file system does not say when a copy is over. So a version is taken as published when one of
 * these holds: a manifest, written last, matches; or the folder came by a rename, which is atomic,
 * known because the same folder was seen under a dot name, or because nothing in it is younger than
 * the settling time when it is first seen; or nothing at all changed over the settling time and a
 * number of looks. Pure: time comes in, state goes out.
 *
 * @param settleNanos without a change before files count as whole
 * @param looks that must have seen the same
 */
record PublishRule(long settleNanos, int looks) {
    static final PublishRule DEFAULT = new PublishRule(Duration.ofSeconds(5).toNanos(), 3);

    /** What a manifest says of the files. */
    enum Manifest {
        ABSENT,
        MATCHES,
        DIFFERS
    }

    /**
     * What earlier looks at one folder add up to.
     *
     * @param sinceNanos the ticker's reading when this state was first seen
     * @param looks that saw this state without a break
     */
    record Sight(FolderKey key, String stamps, long sinceNanos, int looks, boolean isPublished) {}

    /**
     * One more look.
     *
     * @param before the sight after the look before; null at the first
     * @param wasRenamedIn whether the folder was seen under a dot name just before, or is known to
     *     come from one, and was not touched since
     * @param clockNanos time of day, since 1970, to compare with times of files
     * @param tickerNanos monotonic time
     */
    Sight look(
            @Nullable Sight before,
            FolderLook look,
            Manifest manifest,
            boolean wasRenamedIn,
            long clockNanos,
            long tickerNanos) {
        String stamps = look.stamps();
        boolean isFirst = before == null || !before.key().equals(look.key());
        boolean isSame = !isFirst && before != null && before.stamps().equals(stamps);
        long sinceNanos = isSame && before != null ? before.sinceNanos() : tickerNanos;
        int seen = isSame && before != null ? before.looks() + 1 : 1;
        boolean isOld = clockNanos - look.newestNanos() >= settleNanos;
        boolean isSettled = seen >= looks && tickerNanos - sinceNanos >= settleNanos;
        boolean isPublished =
                switch (manifest) {
                    case MATCHES -> true;
                    case DIFFERS -> false;
                    case ABSENT ->
                            (isSame && before != null && before.isPublished())
                                    || (isFirst && isOld)
                                    || ((isFirst || isSame) && wasRenamedIn)
                                    || isSettled;
                };
        return new Sight(look.key(), stamps, sinceNanos, seen, isPublished);
    }

    /** Whether nothing changed for so long that waiting for more is over. */
    boolean isSettled(Sight sight, long tickerNanos) {
        return sight.looks() >= looks && tickerNanos - sight.sinceNanos() >= settleNanos;
    }
}
