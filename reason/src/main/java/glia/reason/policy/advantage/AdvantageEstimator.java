package glia.reason.policy.advantage;

/// How much better a completion or token was than expected. R is the reward of a completion, g its group, G the reward
/// from a place to the end.
///
/// | estimator | advantage |
/// |---|---|
/// | [GroupRelative] | `(R - mean_g) / (std + ε)` |
/// | [LeaveOneOut] | `R - mean of the others in g` |
/// | [LengthWeighted] | `R - mean_g weighted by lengths` |
/// | [NonZeroScaled] | `(completions / non-zero R)·(R - mean_g)` |
/// | [BestOfGroup] | the best of g: `(R - second) / (std_g + ε)`, others 0 |
/// | [RewardDecoupled] | group-relative for each reward column, weighted sum, normalized over the batch |
/// | [RewardToGo] | `G`, whitened over tokens |
/// | [GroupBaseline] | `R - mean_g`, whitened over tokens |
/// | [GreedyBaseline] | `G - R of the greedy answer` |
/// | [OptimalTokenBaseline] | `G - variance-weighted mean of G over g at each place` |
/// | [GeneralizedAdvantage] | `Σ (γλ)ᵗ δ`, whitened over tokens |
public sealed interface AdvantageEstimator permits OutcomeEstimator, RewardDecoupled, RewardToGo, GroupBaseline,
        GreedyBaseline, OptimalTokenBaseline, GeneralizedAdvantage {
    /// The advantages of a batch of completions.
    ///
    /// @throws IllegalArgumentException if the input lacks something that the estimator needs
    Advantages of(AdvantageInput input);
}
