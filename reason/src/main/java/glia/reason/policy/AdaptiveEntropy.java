package glia.reason.policy;

/// Adapts the coefficient of the entropy bonus (Skywork-OR1, https://arxiv.org/abs/2505.22312): it rises after a step
/// whose mean entropy is at most the target, and falls after others. The bonus is applied only if the entropy of the
/// step before was at most the target, so never in the first step.
///
/// @param coefficient in force
/// @param delta change in each step
/// @param least smallest coefficient
/// @param most largest coefficient
/// @param target mean entropy in nats
/// @param lastEntropy mean entropy of the step before, ∞ before the first
public record AdaptiveEntropy(double coefficient, double delta, double least, double most, double target,
        double lastEntropy) {
    /// Before the first step.
    public static AdaptiveEntropy start(double coefficient, double delta, double least, double most, double target) {
        return new AdaptiveEntropy(coefficient, delta, least, most, target, Double.POSITIVE_INFINITY);
    }

    /// @throws IllegalArgumentException if the bounds are out of order or the change is negative
    public AdaptiveEntropy {
        if (!(least <= most) || !(delta >= 0)) {
            throw new IllegalArgumentException("adaptive entropy: found a change of " + delta + " and bounds " + least
                    + " and " + most + ", expected at least 0 and bounds in order");
        }
    }

    /// The coefficient that this step applies.
    public double applied() {
        return lastEntropy <= target ? coefficient : 0;
    }

    /// The controller of the next step.
    ///
    /// @param entropy mean entropy of this step over its tokens
    public AdaptiveEntropy after(double entropy) {
        double next = entropy <= target ? Math.min(coefficient + delta, most) : Math.max(coefficient - delta, least);
        return new AdaptiveEntropy(next, delta, least, most, target, entropy);
    }
}
