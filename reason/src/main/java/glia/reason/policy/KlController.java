package glia.reason.policy;

/// Adapts the coefficient of a KL penalty, so that the KL stays near a target (https://arxiv.org/abs/1909.08593):
///
/// > c ← c·(1 + clip(KL / target - 1, ±0.2)·count / horizon)
///
/// @param coefficient c of this step
/// @param target of the mean KL
/// @param horizon number of sequences over which c changes
public record KlController(double coefficient, double target, double horizon) {
    private static final double LARGEST_ERROR = 0.2;

    /// @throws IllegalArgumentException if the target or the horizon is not positive
    public KlController {
        if (!(target > 0) || !(horizon > 0)) {
            throw new IllegalArgumentException("adaptive KL: found a target of " + target + " and a horizon of "
                    + horizon + ", expected positive numbers");
        }
    }

    /// The controller of the next step.
    ///
    /// @param kl mean KL of this step
    /// @param count number of sequences of this step
    public KlController after(double kl, int count) {
        double error = Math.clamp(kl / target - 1, -LARGEST_ERROR, LARGEST_ERROR);
        return new KlController(coefficient * (1 + error * count / horizon), target, horizon);
    }
}
