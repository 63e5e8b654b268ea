package glia.reason.policy;

/// The coefficient of a KL penalty over the steps.
public sealed interface KlController {
    /// The coefficient of this step.
    double coefficient();

    /// The controller of the next step.
    ///
    /// @param kl mean KL of this step
    /// @param count number of sequences of this step
    KlController after(double kl, int count);

    /// Always the same coefficient.
    record Fixed(double coefficient) implements KlController {
        @Override
        public KlController after(double kl, int count) {
            return this;
        }
    }

    /// Holds the KL near a target (https://arxiv.org/abs/1909.08593):
    ///
    /// > c ← c·(1 + clip(KL / target - 1, ±0.2)·count / horizon)
    ///
    /// @param coefficient c of this step
    /// @param target of the mean KL
    /// @param horizon number of sequences over which c changes
    record Adaptive(double coefficient, double target, double horizon) implements KlController {
        private static final double LARGEST_ERROR = 0.2;

        /// @throws IllegalArgumentException if the target or the horizon is not positive
        public Adaptive {
            if (!(target > 0) || !(horizon > 0)) {
                throw new IllegalArgumentException("adaptive KL: found a target of " + target + " and a horizon of "
                        + horizon + ", expected positive numbers");
            }
        }

        @Override
        public Adaptive after(double kl, int count) {
            double error = Math.clamp(kl / target - 1, -LARGEST_ERROR, LARGEST_ERROR);
            return new Adaptive(coefficient * (1 + error * count / horizon), target, horizon);
        }
    }
}
