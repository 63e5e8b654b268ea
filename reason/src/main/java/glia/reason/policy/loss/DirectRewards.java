package glia.reason.policy.loss;

import glia.tensor.autograd.Value;

/// Direct reward optimization (DRO, https://arxiv.org/abs/2405.19107): `L = -(A·ℓ - ½β·d²)`, d the difference of the
/// log-probability to that of the old policy.
///
/// @param beta β, how strongly the policy is held near the old one
public record DirectRewards(double beta) implements PolicyLoss {
    /// @throws IllegalArgumentException if β is negative
    public DirectRewards {
        PolicyLoss.requireAbove("beta", beta, -1e-300);
    }

    @Override
    public LossTerms of(LossInput in) {
        Value gain = in.logProbs().times(in.advantages());
        Value losses = in.difference().square().times(beta / 2).minus(gain);
        return LossTerms.ofRows(losses);
    }
}
