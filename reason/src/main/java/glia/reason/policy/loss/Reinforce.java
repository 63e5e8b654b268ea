package glia.reason.policy.loss;

import glia.tensor.autograd.Value;

/// The policy gradient (Williams, 1992): `L = -A·ℓ`. It needs no old policy. verl's `gpg` and `reinforce`.
public record Reinforce() implements PolicyLoss {
    @Override
    public LossTerms of(LossInput in) {
        Value losses = in.logProbs().times(in.advantages()).times(-1);
        return LossTerms.ofRows(losses);
    }
}
