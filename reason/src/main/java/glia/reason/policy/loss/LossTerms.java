package glia.reason.policy.loss;

import glia.reason.rollout.RolloutColumns;
import glia.tensor.autograd.Value;
import java.util.Optional;

/// What a policy loss computed.
///
/// @param losses the loss of each row, `[N, 1]`, or of each sequence, `[sequences, 1]`
/// @param isPerSequence whether there is one loss for each sequence
/// @param unlimited the probability ratios
/// @param ratio the same after an upper limit, if the loss has one
/// @param ratioIsPerSequence whether there is one ratio for each sequence
/// @param figures shares of clipped tokens and the like
public record LossTerms(Value losses, boolean isPerSequence, Optional<Value> unlimited, Optional<Value> ratio,
        boolean ratioIsPerSequence, ClipFigures figures) {
    /// The ratio of each row, by which a KL estimate is multiplied.
    ///
    /// @throws IllegalArgumentException if the loss has no ratio
    public Value klRatio(RolloutColumns batch) {
        Value all = unlimited.orElseThrow(() -> new IllegalArgumentException(
                "the loss has no probability ratio by which a KL estimate could be multiplied"));
        return all.tensor().rows() == batch.numRows() && !ratioIsPerSequence ? all : all.rows(batch.sequences());
    }

    /// Losses of rows with a ratio.
    static LossTerms ofRows(Value losses, Value ratio, boolean ratioIsPerSequence, ClipFigures figures) {
        return new LossTerms(losses, false, Optional.of(ratio), Optional.of(ratio), ratioIsPerSequence, figures);
    }

    /// Losses of rows without a ratio.
    static LossTerms ofRows(Value losses) {
        return new LossTerms(losses, false, Optional.empty(), Optional.empty(), false, ClipFigures.NONE);
    }

    /// Losses and ratios of sequences.
    static LossTerms ofSequences(Value losses, Value unlimited, Value ratio, ClipFigures figures) {
        return new LossTerms(losses, true, Optional.of(unlimited), Optional.of(ratio), true, figures);
    }
}
