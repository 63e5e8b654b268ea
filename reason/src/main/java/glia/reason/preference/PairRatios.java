package glia.reason.preference;

import glia.tensor.autograd.Value;

/// Log-probabilities of N pairs of completions under the policy and the reference model, `[N, 1]` each.
///
/// @param chosen `ln π(y_w|x)`
/// @param rejected `ln π(y_l|x)`
/// @param referenceChosen `ln π_ref(y_w|x)`
/// @param referenceRejected `ln π_ref(y_l|x)`
/// @param perChosenToken `1 / n` of the chosen completions, n their tokens
/// @param perRejectedToken `1 / n` of the rejected completions
/// @param crossEntropy the mean cross-entropy of all tokens of the chosen completions, `[1, 1]`
/// @param beta β
/// @param divergence of margins
public record PairRatios(Value chosen, Value rejected, Value referenceChosen, Value referenceRejected,
        Value perChosenToken, Value perRejectedToken, Value crossEntropy, double beta, FDivergence divergence) {
    /// `a = ln π(y_w|x) - ln π_ref(y_w|x)`.
    public Value chosenRatios() {
        return chosen.minus(referenceChosen);
    }

    /// `b = ln π(y_l|x) - ln π_ref(y_l|x)`.
    public Value rejectedRatios() {
        return rejected.minus(referenceRejected);
    }

    /// What a scalar loss is of.
    Value value(PairLoss.Argument argument) {
        Value difference = switch (argument) {
            case CHOSEN_REWARD -> chosenRatios();
            case REJECTED_REWARD -> rejectedRatios();
            case MARGIN -> divergence.of(chosenRatios()).minus(divergence.of(rejectedRatios()));
            case MEAN_MARGIN -> divergence.of(chosenRatios()).times(perChosenToken)
                    .minus(divergence.of(rejectedRatios()).times(perRejectedToken));
        };
        return difference.times(beta);
    }
}
