package dev.penstock.serving;

import dev.penstock.inference.ShadowVerdict;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorSet;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** All outputs of one pair, compared. Its verdict is that of the output that came out worst. */
public final class PairComparison {
    private static final int MAX_LABELS = 4_096;

    private final Map<String, OutputDifference> outputs = new LinkedHashMap<>();
    private final List<String> primaryLabels = new ArrayList<>();
    private final List<String> shadowLabels = new ArrayList<>();
    private ShadowVerdict verdict = ShadowVerdict.EQUAL;
    private String farthest = "";
    private double distance;

    /** Compares; both sets stay the caller's. */
    public static PairComparison of(TensorSet primary, TensorSet shadow) {
        PairComparison pair = new PairComparison();
        for (Tensor output : primary.tensors()) {
            pair.add(
                    output.name(),
                    OutputComparison.compare(
                            output,
                            shadow.find(output.name()),
                            OutputRole.of(output),
                            pair::label));
        }
        for (Tensor output : shadow.tensors()) {
            if (primary.find(output.name()) == null) {
                pair.add(
                        output.name(),
                        OutputComparison.compare(output, null, OutputRole.of(output), pair::label));
            }
        }
        return pair;
    }

    private void label(String primary, String shadow) {
        if (primaryLabels.size() < MAX_LABELS) {
            primaryLabels.add(primary);
            shadowLabels.add(shadow);
        }
    }

    private void add(String output, OutputDifference difference) {
        outputs.put(output, difference);
        boolean isWorse = difference.verdict().isWorseThan(verdict);
        boolean isFarther = difference.verdict() == verdict && difference.distance() > distance;
        if (isWorse || isFarther) {
            verdict = difference.verdict();
            farthest = output;
            distance = difference.distance();
        }
    }

    Map<String, OutputDifference> outputs() {
        return outputs;
    }

    /** Each output's differences, in the order of the primary's outputs. */
    public List<OutputSummary> summaries() {
        List<OutputSummary> summaries = new ArrayList<>();
        outputs.forEach((name, difference) -> summaries.add(difference.summary(name)));
        return summaries;
    }

    List<String> primaryLabels() {
        return primaryLabels;
    }

    List<String> shadowLabels() {
        return shadowLabels;
    }

    /** How the worst output came out. */
    public ShadowVerdict verdict() {
        return verdict;
    }

    /** The output that decided. */
    String farthest() {
        return farthest;
    }

    /** Its distance, in what its role allows. */
    double distance() {
        return distance;
    }
}
