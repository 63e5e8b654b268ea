package glia.reason.policy;

import glia.reason.policy.loss.PolicyBatch;

/// What means are divided by: the tokens and sequences of a whole step, of which a micro-batch is a part. The losses of
/// micro-batches then add up to the loss of the step, however it is divided.
///
/// @param tokens rows of the loss
/// @param sequences sequences that count in means over sequences
public record Totals(double tokens, double sequences) {
    /// The totals of a step that has only this batch.
    public static Totals of(PolicyBatch batch, Aggregation aggregation) {
        return new Totals(batch.numRows(), aggregation.countsEmpty() ? batch.numSequences() : batch.numNonEmpty());
    }

    /// Both together.
    public Totals plus(Totals other) {
        return new Totals(tokens + other.tokens, sequences + other.sequences);
    }

    /// Each number times a factor.
    public Totals times(double factor) {
        return new Totals(tokens * factor, sequences * factor);
    }
}
