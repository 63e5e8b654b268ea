package glia.reason.policy.advantage;

/// An estimator of one advantage for each completion from its reward. A completion whose reward is NaN does not apply:
/// its advantage is 0 and the others do not see it.
public sealed interface OutcomeEstimator extends AdvantageEstimator permits GroupRelative, LeaveOneOut,
        LengthWeighted, NonZeroScaled, BestOfGroup {
    /// The advantage of each completion.
    ///
    /// @param rewards of completions, NaN where none applies
    double[] of(double[] rewards, AdvantageInput input);

    @Override
    default Advantages of(AdvantageInput input) {
        return Advantages.ofSequences(of(input.outcomes(), input), input.mask());
    }
}
