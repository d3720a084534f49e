package dev.penstock.serving;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.penstock.inference.ShadowVerdict;
import dev.penstock.statistics.Distances;
import dev.penstock.statistics.RankAgreement;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Compares one output of two versions by its role. The primary is the reference.
 *
 * <p>An output that is the same to the bit is equal. Else fractions match within {@code atol + rtol
 * · |primary|} (1e-5 and 1e-3; for the 16-bit types 1e-3 and 1e-2), whole numbers exactly,
 * embeddings by a cosine of 0.999, rankings by nine of the first ten. No number matches no number,
 * an infinity the same infinity, and either is infinitely far from the rest. A row with something
 * that is no number has no label, which is a label of its own.
 */
final class OutputComparison {
    private static final double RTOL = 1e-3;
    private static final double ATOL = 1e-5;
    private static final double RTOL_16 = 1e-2;
    private static final double ATOL_16 = 1e-3;
    private static final double MIN_COSINE = 0.999;
    private static final double MIN_OVERLAP = 0.9;
    private static final int TOP = 10;
    private static final int MAX_RANKED = 256;
    private static final int MAX_LABEL_BYTES = 64;
    private static final String NO_LABEL = "none";

    private final Tensor primary;
    private final Tensor shadow;
    private final OutputDifference difference;
    private final BiConsumer<String, String> labels;

    private OutputComparison(
            Tensor primary, Tensor shadow, OutputRole role, BiConsumer<String, String> labels) {
        this.primary = primary;
        this.shadow = shadow;
        this.difference = new OutputDifference(role);
        this.labels = labels;
    }

    /**
     * Compares; both tensors stay the caller's.
     *
     * @param shadow null when the shadow did not answer this output
     * @param labels is told each row's labels, the primary's first
     */
    static OutputDifference compare(
            Tensor primary,
            @Nullable Tensor shadow,
            OutputRole role,
            BiConsumer<String, String> labels) {
        if (shadow == null
                || shadow.type() != primary.type()
                || !shadow.shape().equals(primary.shape())) {
            OutputDifference difference = new OutputDifference(role);
            difference.judge(ShadowVerdict.SHAPE);
            difference.distance(Double.POSITIVE_INFINITY);
            return difference;
        }
        return new OutputComparison(primary, shadow, role, labels).compare();
    }

    private OutputDifference compare() {
        boolean isSame = primary.data().equals(shadow.data());
        if (primary.type() == DataType.BYTES) {
            compareText();
            return difference;
        }
        TensorRows ours = new TensorRows(primary);
        TensorRows theirs = new TensorRows(shadow);
        if (!isSame) {
            difference.judge(ShadowVerdict.WITHIN_TOLERANCE);
            compareElements(ours, theirs);
        }
        switch (difference.role()) {
            case VALUE -> {}
            case PROBABILITIES, LOGITS -> compareLargest(ours, theirs, isSame);
            case LABEL -> compareLabels(ours, theirs);
            case RANKING -> compareRankings(ours, theirs, isSame);
            case EMBEDDING -> compareDirections(ours, theirs, isSame);
        }
        return difference;
    }

    private boolean isJudgedByElement() {
        return switch (difference.role()) {
            case VALUE, PROBABILITIES, LOGITS -> true;
            case RANKING, EMBEDDING, LABEL -> false;
        };
    }

    private void compareElements(TensorRows ours, TensorRows theirs) {
        boolean isFloat = TensorRows.isFloat(ours.type());
        boolean is16 = ours.type().bytes() == 2;
        double rtol = !isFloat ? 0 : is16 ? RTOL_16 : RTOL;
        double atol = !isFloat ? 0 : is16 ? ATOL_16 : ATOL;
        double farthest = 0;
        for (int i = 0; i < ours.elements(); i++) {
            double reference = ours.at(i);
            double value = theirs.at(i);
            // Near 2^63 two whole numbers may be one double.
            boolean isHidden = !isFloat && value == reference && ours.whole(i) != theirs.whole(i);
            double absolute = isHidden ? 1 : Distances.absolute(value, reference);
            difference.element(
                    value - reference,
                    absolute,
                    Distances.relative(value, reference),
                    ours.ulps(i, theirs));
            double tolerances = Distances.inTolerances(value, reference, rtol, atol);
            farthest = Math.max(farthest, isHidden ? Double.POSITIVE_INFINITY : tolerances);
        }
        if (isJudgedByElement()) {
            difference.distance(farthest);
            if (farthest > 1) {
                difference.judge(ShadowVerdict.DIFF);
            }
        }
    }

    private void compareLargest(TensorRows ours, TensorRows theirs, boolean isSame) {
        boolean areDistributions = difference.role() == OutputRole.PROBABILITIES;
        double[] a = new double[ours.length()];
        double[] b = new double[ours.length()];
        for (int row = 0; row < ours.count(); row++) {
            int top = ours.largest(row);
            int shadowTop = theirs.largest(row);
            label(text(top), text(shadowTop));
            if (areDistributions && !isSame) {
                ours.row(row, a);
                theirs.row(row, b);
                difference.distributions(
                        Distances.jensenShannon(a, b, a.length),
                        top < 0 ? Double.NaN : Math.abs(a[top] - b[top]));
            }
        }
    }

    private static String text(int index) {
        return index < 0 ? NO_LABEL : Integer.toString(index);
    }

    private void compareLabels(TensorRows ours, TensorRows theirs) {
        boolean isFloat = TensorRows.isFloat(ours.type());
        for (int i = 0; i < ours.elements(); i++) {
            label(
                    isFloat ? Double.toString(ours.at(i)) : ours.digits(i),
                    isFloat ? Double.toString(theirs.at(i)) : theirs.digits(i));
        }
    }

    private void label(String ours, String theirs) {
        boolean isFlipped = !ours.equals(theirs);
        labels.accept(ours, theirs);
        difference.labelled(isFlipped);
        if (isFlipped) {
            difference.judge(ShadowVerdict.LABEL_FLIP);
            difference.distance(Math.nextUp(1.0));
        }
    }

    private void compareDirections(TensorRows ours, TensorRows theirs, boolean isSame) {
        if (isSame) {
            return;
        }
        double[] a = new double[ours.length()];
        double[] b = new double[ours.length()];
        for (int row = 0; row < ours.count(); row++) {
            ours.row(row, a);
            theirs.row(row, b);
            double cosine = isAlike(a, b) ? 1 : Distances.cosine(a, b, a.length);
            difference.cosine(cosine);
            double tolerances =
                    Double.isNaN(cosine)
                            ? Double.POSITIVE_INFINITY
                            : (1 - cosine) / (1 - MIN_COSINE);
            difference.distance(tolerances);
            if (!(cosine >= MIN_COSINE)) {
                difference.judge(ShadowVerdict.DIFF);
            }
        }
    }

    private static boolean isAlike(double[] a, double[] b) {
        for (int i = 0; i < a.length; i++) {
            if (Distances.absolute(a[i], b[i]) != 0) {
                return false;
            }
        }
        return true;
    }

    private void compareRankings(TensorRows ours, TensorRows theirs, boolean isSame) {
        if (isSame) {
            return;
        }
        boolean areScores = TensorRows.isFloat(ours.type());
        int top = Math.min(TOP, ours.length());
        for (int row = 0; row < ours.count(); row++) {
            long[] a = areScores ? byScore(ours, row) : inOrder(ours, row);
            long[] b = areScores ? byScore(theirs, row) : inOrder(theirs, row);
            double overlap = RankAgreement.overlap(a, b, top);
            difference.ranking(overlap, areScores ? tauOfScores(ours, theirs, row) : tau(a, b));
            difference.distance((1 - overlap) / (1 - MIN_OVERLAP));
            // Tenths are not exact in binary.
            if (overlap < MIN_OVERLAP - 1e-9) {
                difference.judge(ShadowVerdict.DIFF);
            }
        }
    }

    private static long[] inOrder(TensorRows rows, int row) {
        long[] ids = new long[rows.length()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = rows.whole(row * ids.length + i);
        }
        return ids;
    }

    private static long[] byScore(TensorRows rows, int row) {
        Integer[] order = new Integer[rows.length()];
        Arrays.setAll(order, i -> i);
        // Stable, so that equals keep their place; what is no number counts as the smallest.
        Arrays.sort(order, (i, k) -> Double.compare(score(rows, row, k), score(rows, row, i)));
        return Arrays.stream(order).mapToLong(i -> i).toArray();
    }

    private static double score(TensorRows rows, int row, int index) {
        double score = rows.at(row * rows.length() + index);
        return Double.isNaN(score) ? Double.NEGATIVE_INFINITY : score;
    }

    private static double tauOfScores(TensorRows ours, TensorRows theirs, int row) {
        int length = Math.min(ours.length(), MAX_RANKED);
        double[] a = new double[length];
        double[] b = new double[length];
        for (int i = 0; i < length; i++) {
            a[i] = score(ours, row, i);
            b[i] = score(theirs, row, i);
        }
        return RankAgreement.tauB(a, b, length);
    }

    /** Of the places of what both rank. */
    private static double tau(long[] ours, long[] theirs) {
        int length = Math.min(ours.length, MAX_RANKED);
        Map<Long, Integer> places = new HashMap<>();
        for (int i = 0; i < length; i++) {
            places.put(theirs[i], i);
        }
        double[] a = new double[length];
        double[] b = new double[length];
        int shared = 0;
        for (int i = 0; i < length; i++) {
            Integer place = places.get(ours[i]);
            if (place != null) {
                a[shared] = i;
                b[shared++] = place;
            }
        }
        return RankAgreement.tauB(a, b, shared);
    }

    private void compareText() {
        ByteBuffer ours = primary.data();
        ByteBuffer theirs = shadow.data();
        int at = 0;
        int shadowAt = 0;
        while (at < ours.limit() && shadowAt < theirs.limit()) {
            int length = ours.getInt(at);
            int shadowLength = theirs.getInt(shadowAt);
            at += Integer.BYTES;
            shadowAt += Integer.BYTES;
            ByteBuffer a = ours.slice(at, length);
            ByteBuffer b = theirs.slice(shadowAt, shadowLength);
            boolean isFlipped = !a.equals(b);
            difference.labelled(isFlipped);
            labels.accept(text(a), text(b));
            if (isFlipped) {
                difference.judge(ShadowVerdict.LABEL_FLIP);
                difference.distance(Math.nextUp(1.0));
            }
            at += length;
            shadowAt += shadowLength;
        }
    }

    /** A name of a class is short; what is longer is no name and is not kept. */
    private static String text(ByteBuffer element) {
        return element.limit() > MAX_LABEL_BYTES
                ? LabelTable.OTHER
                : UTF_8.decode(element.duplicate()).toString();
    }
}
