package glia.reason.preference;

/// A loss of a batch of N chosen and then N rejected completions.
public sealed interface PreferenceLoss permits DpoLoss, CpoLoss, OrpoLoss {
    /// The loss with the rewards that the policy implies.
    ///
    /// @param reference log-probabilities under the reference model, if the loss takes them
    Scored of(CompletionLogProbs policy, float[] reference);

    /// Whether the loss takes a reference model.
    default boolean takesReference() {
        return false;
    }

    /// Whether tokens of chosen prompts are rows of a batch.
    default boolean trainsPrompts() {
        return false;
    }

    /// Whether the sums of squared probabilities are needed.
    default boolean weighted() {
        return false;
    }
}
