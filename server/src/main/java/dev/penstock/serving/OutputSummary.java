package dev.penstock.serving;

/**
 * How far one output of a shadow was from the primary's, over all pairs that were compared; what
 * does not belong to its role stands at its best value.
 *
 * @param role by which it was judged last
 * @param maxAbsolute largest |shadow − primary|
 * @param maxRelative largest |shadow − primary| / |primary|
 * @param maxUlps most numbers of its type between two elements; {@link Long#MAX_VALUE} when one was
 *     none
 * @param meanDifference of shadow less primary, over finite elements
 * @param deviation standard deviation of the same; with the mean it gives the limits of agreement
 *     of Bland and Altman, 1986
 * @param rows that had a label
 * @param flippedRows of those, how many had another one
 * @param maxJensenShannon largest distance of two distributions, to the base 2, from 0 to 1
 * @param maxTopChange largest change of the primary's largest probability
 * @param minCosine smallest cosine between two rows
 * @param minOverlap smallest overlap of the first ten
 * @param minTau smallest Kendall's τ-b
 */
public record OutputSummary(
        String output,
        OutputRole role,
        long pairs,
        double maxAbsolute,
        double maxRelative,
        long maxUlps,
        double meanDifference,
        double deviation,
        long rows,
        long flippedRows,
        double maxJensenShannon,
        double maxTopChange,
        double minCosine,
        double minOverlap,
        double minTau) {}
