package dev.penstock.statistics;

import static dev.penstock.runtime.Check.require;

/**
 * The interval in which a share lies that was seen in some of all cases (Wilson, "Probable
 * inference, the law of succession, and statistical inference", JASA 22, 1927).
 *
 * <p>It is the set of shares p that a score test of |k/n − p| against √(p(1 − p)/n) does not
 * refuse: (k/n + z²/2n ± z·√(k/n·(1 − k/n)/n + z²/4n²)) / (1 + z²/n). Unlike the interval of the
 * normal distribution it stays within 0 and 1 and is of use where k is 0 or n. It supposes that the
 * cases do not depend on each other. Without a case it is all of 0 to 1.
 *
 * @param low from 0
 * @param high to 1
 */
public record Wilson(double low, double high) {
    /** The 97.5 % quantile of the normal distribution: 95 % lie between it and its negative. */
    private static final double Z = 1.959963984540054;

    /**
     * The 95 % interval.
     *
     * @param hits at most {@code cases}
     */
    public static Wilson of(long hits, long cases) {
        require(hits >= 0 && hits <= cases, "%d hits of %d", hits, cases);
        if (cases == 0) {
            return new Wilson(0, 1);
        }
        double n = cases;
        double share = hits / n;
        double middle = share + Z * Z / (2 * n);
        double half = Z * Math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n));
        double scale = 1 + Z * Z / n;
        // At both ends the exact value is 0 or 1, and rounding may miss it by a hair.
        double low = hits == 0 ? 0 : (middle - half) / scale;
        double high = hits == cases ? 1 : (middle + half) / scale;
        return new Wilson(low, high);
    }
}
