package dev.penstock.serving;

import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import java.util.Locale;

/**
 * What an output means, which decides when two of them count as the same.
 *
 * <p>A tensor is looked at as rows along its last dimension; one of at most one dimension is a
 * column of single values.
 */
public enum OutputRole {
    /** Numbers of their own: each within tolerance, integers exactly. */
    VALUE,
    /** Rows that are distributions: as near as values, and with the same largest. */
    PROBABILITIES,
    /** Rows of scores of classes: as near as values, and with the same largest. */
    LOGITS,
    /** Rows whose order matters: the first ten of each are mostly the same. */
    RANKING,
    /** Rows whose direction matters. */
    EMBEDDING,
    /** Names of classes: the same. */
    LABEL;

    /** Rows at least this long, and no distributions, are taken for embeddings. */
    static final int EMBEDDING_LENGTH = 128;

    private static final double SUM_SLACK = 1e-3;
    private static final double SUM_SLACK_16 = 2e-2;

    /** As reports show it. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The role of an output that nobody gave one: text is a label, and so are whole numbers and
     * truth values with one for each row; other whole numbers are values. Fractions in rows of two
     * or more that add to 1 are probabilities; in longer rows they are embeddings; else values.
     *
     * @param tensor of the primary
     */
    static OutputRole of(Tensor tensor) {
        DataType type = tensor.type();
        Shape shape = tensor.shape();
        long length = TensorRows.length(shape);
        if (type == DataType.BYTES) {
            return LABEL;
        }
        if (!TensorRows.isFloat(type)) {
            return length == 1 ? LABEL : VALUE;
        }
        if (length < 2) {
            return VALUE;
        }
        if (areDistributions(new TensorRows(tensor))) {
            return PROBABILITIES;
        }
        return length >= EMBEDDING_LENGTH ? EMBEDDING : VALUE;
    }

    private static boolean areDistributions(TensorRows rows) {
        double slack = rows.type().bytes() == 2 ? SUM_SLACK_16 : SUM_SLACK;
        if (rows.count() == 0) {
            return false;
        }
        for (int row = 0; row < rows.count(); row++) {
            double sum = 0;
            for (int i = 0; i < rows.length(); i++) {
                double share = rows.at(row * rows.length() + i);
                if (!(share >= 0 && share <= 1 + slack)) {
                    return false;
                }
                sum += share;
            }
            if (Math.abs(sum - 1) > slack) {
                return false;
            }
        }
        return true;
    }
}
