package glia.train.loss;

import glia.tensor.autograd.Value;

/// The loss of a reward model on pairs of a chosen and a rejected answer (Bradley and Terry;
/// https://arxiv.org/abs/2203.02155):
///
/// > mean(-ln σ(chosen - rejected - margin)) + centering · mean((chosen + rejected)²)
///
/// @param centering the coefficient that keeps scores near zero (https://arxiv.org/abs/2312.09244), usually 0.01; 0 for
///        none
public record RewardModelLoss(double centering) {
    public RewardModelLoss {
        if (!(centering >= 0) || Double.isInfinite(centering)) {
            throw new IllegalArgumentException("a centering coefficient of " + centering
                    + ", expected a finite number, at least 0");
        }
    }

    /// The loss of scores without margins.
    ///
    /// @param chosen `[N, 1]`
    /// @param rejected `[N, 1]`
    public Value of(Value chosen, Value rejected) {
        return total(chosen, rejected, chosen.minus(rejected));
    }

    /// The loss of scores with a margin for each pair.
    ///
    /// @param chosen `[N, 1]`
    /// @param rejected `[N, 1]`
    /// @param margins how much higher each chosen answer should score
    /// @throws IllegalArgumentException if there is not one margin for each pair
    public Value of(Value chosen, Value rejected, float[] margins) {
        if (margins.length != chosen.tensor().rows()) {
            throw new IllegalArgumentException(margins.length + " margins for " + chosen.tensor().rows() + " pairs");
        }
        return total(chosen, rejected, chosen.minus(rejected).minus(chosen.constant(margins)));
    }

    private Value total(Value chosen, Value rejected, Value lead) {
        Value loss = lead.logSigmoid().mean().times(-1);
        return centering == 0 ? loss : loss.plus(chosen.plus(rejected).square().mean().times(centering));
    }
}
