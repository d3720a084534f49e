package dev.penstock.statistics;

/** How far two rankings of the same things agree. */
public final class RankAgreement {
    private RankAgreement() {}

    /**
     * Kendall's τ-b: concordant less discordant pairs, over the root of the pairs that are not tied
     * in the one times those not tied in the other (Kendall, 1945). Takes time with the square of
     * the length.
     *
     * @param a scores, shape {@code [length]}, more is not read
     * @param b scores of the same things, shape {@code [length]}, more is not read
     * @return from −1 to 1; not a number when either ties everything
     */
    public static double tauB(double[] a, double[] b, int length) {
        long concordant = 0;
        long discordant = 0;
        long untiedA = 0;
        long untiedB = 0;
        for (int i = 0; i < length; i++) {
            for (int k = 0; k < i; k++) {
                int orderA = Double.compare(a[i], a[k]);
                int orderB = Double.compare(b[i], b[k]);
                untiedA += orderA != 0 ? 1 : 0;
                untiedB += orderB != 0 ? 1 : 0;
                int product = Integer.signum(orderA) * Integer.signum(orderB);
                concordant += product > 0 ? 1 : 0;
                discordant += product < 0 ? 1 : 0;
            }
        }
        double untied = Math.sqrt((double) untiedA) * Math.sqrt((double) untiedB);
        return (concordant - discordant) / untied;
    }

    /**
     * The share of the first k things of one ranking that are among the first k of the other.
     *
     * @param a things, best first, each once, at least k
     * @param b things, best first, each once, at least k
     * @return from 0 to 1; 1 when k is 0
     */
    public static double overlap(long[] a, long[] b, int k) {
        if (k == 0) {
            return 1;
        }
        int shared = 0;
        for (int i = 0; i < k; i++) {
            for (int j = 0; j < k; j++) {
                if (a[i] == b[j]) {
                    shared++;
                    break;
                }
            }
        }
        return (double) shared / k;
    }
}
