package dev.penstock.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.inference.ShadowVerdict;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorSet;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class OutputComparisonTest {
    private static final float NAN = Float.NaN;
    private static final float INF = Float.POSITIVE_INFINITY;

    private final List<String> labels = new ArrayList<>();

    private static ByteBuffer direct(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static Tensor floats(Shape shape, float... values) {
        ByteBuffer data = direct(4 * values.length);
        data.asFloatBuffer().put(values);
        return new Tensor("y", DataType.FP32, shape, data);
    }

    private static Tensor doubles(Shape shape, double... values) {
        ByteBuffer data = direct(8 * values.length);
        data.asDoubleBuffer().put(values);
        return new Tensor("y", DataType.FP64, shape, data);
    }

    private static Tensor shorts(DataType type, Shape shape, int... bits) {
        ByteBuffer data = direct(2 * bits.length);
        for (int i = 0; i < bits.length; i++) {
            data.putShort(2 * i, (short) bits[i]);
        }
        return new Tensor("y", type, shape, data);
    }

    private static Tensor longs(DataType type, Shape shape, long... values) {
        ByteBuffer data = direct(8 * values.length);
        data.asLongBuffer().put(values);
        return new Tensor("y", type, shape, data);
    }

    private static Tensor text(String... values) {
        int bytes = 0;
        for (String value : values) {
            bytes += 4 + value.getBytes(StandardCharsets.UTF_8).length;
        }
        ByteBuffer data = direct(bytes);
        for (String value : values) {
            byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
            data.putInt(utf8.length).put(utf8);
        }
        return new Tensor("y", DataType.BYTES, Shape.of(values.length), data.flip());
    }

    private OutputDifference compare(OutputRole role, Tensor primary, Tensor shadow) {
        labels.clear();
        return OutputComparison.compare(primary, shadow, role, (a, b) -> labels.add(a + ">" + b));
    }

    private ShadowVerdict verdict(Tensor primary, Tensor shadow) {
        return compare(OutputRole.of(primary), primary, shadow).verdict();
    }

    private ShadowVerdict value(float primary, float shadow) {
        return verdict(floats(Shape.of(1), primary), floats(Shape.of(1), shadow));
    }

    @Test
    void fractionsMatchWithinTolerance() {
        // |a-b| <= 1e-5 + 1e-3 |b|: at 1 that is 0.00101.
        assertEquals(ShadowVerdict.EQUAL, value(1, 1));
        assertEquals(ShadowVerdict.WITHIN_TOLERANCE, value(1, 1.001f));
        assertEquals(ShadowVerdict.DIFF, value(1, 1.0011f));
        assertEquals(ShadowVerdict.WITHIN_TOLERANCE, value(0, 0.000009f));
        assertEquals(ShadowVerdict.DIFF, value(0, 0.000011f));
        assertEquals(ShadowVerdict.WITHIN_TOLERANCE, value(0f, -0f));
    }

    @Test
    void theReferenceIsThePrimary() {
        // 100 against 99.9: allowed are 0.10001 of 100, but only 0.09991 of 99.9.
        assertEquals(ShadowVerdict.WITHIN_TOLERANCE, value(100, 99.9f));
        assertEquals(ShadowVerdict.DIFF, value(99.9f, 100));
    }

    @Test
    void whatIsNotFiniteMatchesItsLikeAlone() {
        assertEquals(ShadowVerdict.EQUAL, value(NAN, NAN));
        float otherNan = Float.intBitsToFloat(0x7fc0_0001);
        assertEquals(ShadowVerdict.WITHIN_TOLERANCE, value(NAN, otherNan));
        assertEquals(ShadowVerdict.EQUAL, value(INF, INF));
        assertEquals(ShadowVerdict.DIFF, value(INF, -INF));
        assertEquals(ShadowVerdict.DIFF, value(NAN, 1));
        assertEquals(ShadowVerdict.DIFF, value(1, NAN));
        assertEquals(ShadowVerdict.DIFF, value(1, INF));
        assertEquals(ShadowVerdict.DIFF, value(INF, 1));
    }

    @Test
    void sixteenBitsAreReadAndGivenMoreRoom() {
        // numpy: float16 of 1.0 is 0x3c00, the next ones are 2^-10 apart; at 1 allowed are 0.011,
        // which is 11.26 of them.
        Shape one = Shape.of(1);
        Tensor half = shorts(DataType.FP16, one, 0x3c00);
        assertEquals(
                ShadowVerdict.WITHIN_TOLERANCE, verdict(half, shorts(DataType.FP16, one, 0x3c0b)));
        assertEquals(ShadowVerdict.DIFF, verdict(half, shorts(DataType.FP16, one, 0x3c0c)));
        // The bits of a BF16 are the upper half of an FP32's: 0x3f80 is 1, 0x3f81 is 1.0078125.
        Tensor brain = shorts(DataType.BF16, one, 0x3f80);
        assertEquals(
                ShadowVerdict.WITHIN_TOLERANCE, verdict(brain, shorts(DataType.BF16, one, 0x3f81)));
        assertEquals(ShadowVerdict.DIFF, verdict(brain, shorts(DataType.BF16, one, 0x3f82)));
    }

    @Test
    void sixteenBitsHaveTheValuesThatNumpyGivesThem() {
        TensorRows half =
                new TensorRows(
                        shorts(
                                DataType.FP16,
                                Shape.of(6),
                                0x2e66,
                                0x7bff,
                                0xc100,
                                0x0001,
                                0x7c00,
                                0x7e00));
        // numpy.array([bits], numpy.uint16).view(numpy.float16)
        double[] halves = {0.0999755859375, 65504, -2.5, 5.960464477539063e-08};
        for (int i = 0; i < halves.length; i++) {
            assertEquals(halves[i], half.at(i));
        }
        assertEquals(Double.POSITIVE_INFINITY, half.at(4));
        assertTrue(Double.isNaN(half.at(5)));
        TensorRows brain =
                new TensorRows(shorts(DataType.BF16, Shape.of(3), 0x3dcd, 0xc020, 0x7f80));
        assertEquals(0.10009765625, brain.at(0));
        assertEquals(-2.5, brain.at(1));
        assertEquals(Double.POSITIVE_INFINITY, brain.at(2));
    }

    @Test
    void wholeNumbersMatchExactlyEvenWhereDoublesDoNotTellThemApart() {
        Shape row = Shape.of(1, 2);
        Tensor big = longs(DataType.INT64, row, Long.MAX_VALUE, 1);
        Tensor next = longs(DataType.INT64, row, Long.MAX_VALUE - 1, 1);
        assertEquals(ShadowVerdict.EQUAL, verdict(big, big));
        assertEquals(ShadowVerdict.DIFF, verdict(big, next));
        Tensor unsigned = longs(DataType.UINT64, row, -1, 1);
        // 2^64 - 1 is no double; 2^64 is the nearest.
        assertEquals(0x1p64, new TensorRows(unsigned).at(0));
    }

    @Test
    void aRowThatAddsToOneIsProbabilitiesAndItsLabelCounts() {
        Shape shape = Shape.of(2, 3);
        Tensor primary = floats(shape, 0.7f, 0.2f, 0.1f, 0.4f, 0.39f, 0.21f);
        Tensor shadow = floats(shape, 0.7f, 0.2f, 0.1f, 0.39f, 0.4f, 0.21f);
        assertEquals(OutputRole.PROBABILITIES, OutputRole.of(primary));
        OutputDifference difference = compare(OutputRole.PROBABILITIES, primary, shadow);
        assertEquals(ShadowVerdict.LABEL_FLIP, difference.verdict());
        assertEquals(List.of("0>0", "0>1"), labels);
        OutputSummary summary = difference.summary("y");
        assertEquals(2, summary.rows());
        assertEquals(1, summary.flippedRows());
        assertEquals(0.01, summary.maxTopChange(), 1e-7);
    }

    @Test
    void anEqualPairHasItsLabelsToo() {
        Tensor primary = floats(Shape.of(1, 2), 0.25f, 0.75f);
        assertEquals(ShadowVerdict.EQUAL, verdict(primary, primary));
        assertEquals(List.of("1>1"), labels);
    }

    @Test
    void aLabelThatFlipsWithinToleranceIsAFlip() {
        // A tie: both differences are 1e-4, allowed are 5.1e-4.
        Tensor primary = floats(Shape.of(1, 2), 0.5001f, 0.4999f);
        Tensor shadow = floats(Shape.of(1, 2), 0.4999f, 0.5001f);
        OutputDifference difference = compare(OutputRole.PROBABILITIES, primary, shadow);
        assertEquals(ShadowVerdict.LABEL_FLIP, difference.verdict());
        assertTrue(difference.distance() > 1);
    }

    @Test
    void probabilitiesFurtherApartWithTheSameLabelDiffer() {
        Tensor primary = floats(Shape.of(1, 3), 0.7f, 0.2f, 0.1f);
        Tensor shadow = floats(Shape.of(1, 3), 0.5f, 0.3f, 0.2f);
        OutputDifference difference = compare(OutputRole.PROBABILITIES, primary, shadow);
        assertEquals(ShadowVerdict.DIFF, difference.verdict());
        // scipy's jensenshannon of these two, base 2.
        assertEquals(0.17775466882044938, difference.summary("y").maxJensenShannon(), 1e-7);
    }

    @Test
    void aRowWithNoNumberHasNoLabel() {
        Tensor primary = floats(Shape.of(1, 2), 0.5f, 0.25f);
        Tensor shadow = floats(Shape.of(1, 2), 0.5f, NAN);
        assertEquals(
                ShadowVerdict.LABEL_FLIP, compare(OutputRole.LOGITS, primary, shadow).verdict());
        assertEquals(List.of("0>none"), labels);
    }

    @Test
    void rolesComeFromDatatypeAndShape() {
        assertEquals(OutputRole.LABEL, OutputRole.of(text("cat")));
        assertEquals(OutputRole.LABEL, OutputRole.of(longs(DataType.INT64, Shape.of(2), 1, 2)));
        assertEquals(OutputRole.LABEL, OutputRole.of(longs(DataType.INT64, Shape.of(2, 1), 1, 2)));
        assertEquals(OutputRole.VALUE, OutputRole.of(longs(DataType.INT64, Shape.of(1, 2), 1, 2)));
        assertEquals(OutputRole.VALUE, OutputRole.of(floats(Shape.of(2), 0.5f, 0.5f)));
        assertEquals(OutputRole.VALUE, OutputRole.of(floats(Shape.of(1, 2), 0.5f, 0.6f)));
        assertEquals(OutputRole.VALUE, OutputRole.of(floats(Shape.of(1, 2), 1.5f, -0.5f)));
        assertEquals(OutputRole.EMBEDDING, OutputRole.of(floats(Shape.of(1, 128), new float[128])));
        assertEquals(OutputRole.VALUE, OutputRole.of(floats(Shape.of(1, 127), new float[127])));
        assertEquals(OutputRole.VALUE, OutputRole.of(floats(Shape.of(0, 3))));
        assertEquals(OutputRole.VALUE, OutputRole.of(floats(Shape.of(3, 0))));
    }

    @Test
    void labelsAreTheSameOrFlip() {
        Tensor primary = text("cat", "dog");
        assertEquals(ShadowVerdict.EQUAL, verdict(primary, text("cat", "dog")));
        assertEquals(ShadowVerdict.LABEL_FLIP, verdict(primary, text("cat", "dogs")));
        assertEquals(List.of("cat>cat", "dog>dogs"), labels);
        assertEquals(
                ShadowVerdict.LABEL_FLIP,
                verdict(
                        longs(DataType.INT64, Shape.of(2), 1, 2),
                        longs(DataType.INT64, Shape.of(2), 1, 3)));
        assertEquals(List.of("1>1", "2>3"), labels);
    }

    @Test
    void longTextIsComparedAndNotKept() {
        String secret = "x".repeat(65);
        assertEquals(ShadowVerdict.LABEL_FLIP, verdict(text(secret), text("y" + secret)));
        assertEquals(List.of("other>other"), labels);
    }

    @Test
    void embeddingsAreJudgedByTheirDirection() {
        Shape row = Shape.of(1, 3);
        Tensor primary = floats(row, 1, 2, 3);
        // scipy: 1 - cosine([1,2,3],[2,2,4.1]) = 0.98191; twice the row has the same direction.
        OutputDifference far = compare(OutputRole.EMBEDDING, primary, floats(row, 2, 2, 4.1f));
        assertEquals(ShadowVerdict.DIFF, far.verdict());
        assertEquals(18.0854628680113, far.distance(), 1e-3);
        assertEquals(
                ShadowVerdict.WITHIN_TOLERANCE,
                compare(OutputRole.EMBEDDING, primary, floats(row, 2, 4, 6)).verdict());
        assertEquals(
                ShadowVerdict.DIFF,
                compare(OutputRole.EMBEDDING, primary, floats(row, 1, 2, NAN)).verdict());
    }

    @Test
    void rankingsMayDifferInOneOfTheFirstTen() {
        Shape row = Shape.of(1, 12);
        long[] ids = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
        long[] oneNew = {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 10, 12};
        long[] twoNew = {1, 2, 3, 4, 5, 6, 7, 8, 12, 11, 10, 9};
        Tensor primary = longs(DataType.INT64, row, ids);
        assertEquals(
                ShadowVerdict.WITHIN_TOLERANCE,
                compare(OutputRole.RANKING, primary, longs(DataType.INT64, row, oneNew)).verdict());
        OutputDifference two =
                compare(OutputRole.RANKING, primary, longs(DataType.INT64, row, twoNew));
        assertEquals(ShadowVerdict.DIFF, two.verdict());
        assertEquals(0.8, two.summary("y").minOverlap(), 1e-12);
        // Six of 66 pairs are the other way round: (60 - 6) / 66.
        assertEquals(54.0 / 66, two.summary("y").minTau(), 1e-12);
    }

    @Test
    void scoresRankTheLargestFirst() {
        Shape row = Shape.of(1, 3);
        OutputDifference difference =
                compare(OutputRole.RANKING, floats(row, 0.1f, 0.9f, 0.5f), floats(row, 1, 9, 5));
        assertEquals(ShadowVerdict.WITHIN_TOLERANCE, difference.verdict());
        assertEquals(1, difference.summary("y").minTau(), 1e-12);
    }

    @Test
    void anotherShapeOrDatatypeOrAMissingOutputIsShape() {
        Tensor primary = floats(Shape.of(1, 2), 1, 2);
        assertEquals(ShadowVerdict.SHAPE, verdict(primary, floats(Shape.of(2, 1), 1, 2)));
        assertEquals(ShadowVerdict.SHAPE, verdict(primary, doubles(Shape.of(1, 2), 1, 2)));
        TensorSet ours = TensorSet.of(List.of(primary), () -> {});
        TensorSet nothing = TensorSet.of(List.of(), () -> {});
        assertEquals(ShadowVerdict.SHAPE, PairComparison.of(ours, nothing).verdict());
        assertEquals(ShadowVerdict.SHAPE, PairComparison.of(nothing, ours).verdict());
        assertEquals(ShadowVerdict.EQUAL, PairComparison.of(nothing, nothing).verdict());
    }

    @Test
    void emptyTensorsAreEqual() {
        assertEquals(ShadowVerdict.EQUAL, verdict(floats(Shape.of(0, 3)), floats(Shape.of(0, 3))));
        assertEquals(ShadowVerdict.EQUAL, verdict(floats(Shape.of(3, 0)), floats(Shape.of(3, 0))));
    }

    @Test
    void signedDifferencesHaveTheirMeanAndSpread() {
        // Differences 0.5, -0.25, 1.5, 0.25: numpy gives mean 0.5, std(ddof=1) 0.7359800721939872.
        Shape shape = Shape.of(2);
        OutputDifference sum =
                compare(OutputRole.VALUE, doubles(shape, 1, 1), doubles(shape, 1.5, 0.75));
        sum.add(compare(OutputRole.VALUE, doubles(shape, 2, 2), doubles(shape, 3.5, 2.25)));
        OutputSummary summary = sum.summary("y");
        assertEquals(2, summary.pairs());
        assertEquals(0.5, summary.meanDifference(), 1e-15);
        assertEquals(0.7359800721939872, summary.deviation(), 1e-15);
        assertEquals(1.5, summary.maxAbsolute());
        assertEquals(0.75, summary.maxRelative());
    }

    @Test
    void theVerdictOfAPairIsThatOfItsWorstOutput() {
        Tensor near = floats(Shape.of(1), 1);
        Tensor far = new Tensor("z", DataType.FP32, Shape.of(1), floats(Shape.of(1), 5).data());
        Tensor alsoNear =
                new Tensor("z", DataType.FP32, Shape.of(1), floats(Shape.of(1), 1).data());
        PairComparison pair =
                PairComparison.of(
                        TensorSet.of(List.of(near, alsoNear), () -> {}),
                        TensorSet.of(List.of(near, far), () -> {}));
        assertEquals(ShadowVerdict.DIFF, pair.verdict());
        assertEquals("z", pair.farthest());
        // |5 - 1| / 0.00101
        assertEquals(4 / 0.00101, pair.distance(), 1e-6);
    }

    @Test
    void theLabelTableHas32OfEachAndTheRest() {
        LabelTable table = new LabelTable();
        for (int i = 0; i < 40; i++) {
            table.add("p" + i, "s" + i);
        }
        List<ShadowReport.LabelPair> pairs = table.pairs();
        assertEquals(33, pairs.size());
        assertTrue(pairs.contains(new ShadowReport.LabelPair("other", "other", 8)));
        assertTrue(pairs.contains(new ShadowReport.LabelPair("p31", "s31", 1)));
    }
}
