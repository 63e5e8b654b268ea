package glia.reason.policy.loss;

/// Weights by which the loss of tokens is multiplied, because the sampler's distribution differs from that of the
/// training policy. They are constants without gradient.
///
/// @param weights one for each row or one for each sequence; empty for none
/// @param isPerSequence whether there is one for each sequence
public record ImportanceWeights(double[] weights, boolean isPerSequence) {
    /// No correction.
    public static final ImportanceWeights NONE = new ImportanceWeights(new double[0], false);

    /// Whether there is no correction.
    public boolean isNone() {
        return weights.length == 0;
    }

    /// The weight of a row.
    public double of(PolicyBatch batch, int row) {
        return isNone() ? 1 : weights[isPerSequence ? batch.sequences()[row] : row];
    }
}
