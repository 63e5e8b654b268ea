package glia.reason.policy;

import glia.train.loss.KlEstimator;

/// The penalty for the distance between the policy and the reference model: coefficient times an estimate of
/// `KL(policy‖reference)` at each token, in the loss or in the reward.
///
/// @param estimator of the divergence from the log-probabilities of the sampled tokens
/// @param coefficient β; 0 for no penalty, then no reference model is needed
/// @param placement where it is added
public record KlTerm(KlEstimator estimator, double coefficient, Placement placement) {
    /// No penalty.
    public static final KlTerm NONE = new KlTerm(KlEstimator.K3_UNCLAMPED, 0, Placement.LOSS);

    /// Where the penalty is added.
    public enum Placement {
        /// To the loss of each token, aggregated like the policy loss.
        LOSS,
        /// To the loss, times the probability ratio to the old policy: an unbiased estimate where the batch was sampled
        /// by the old policy (TRL's default, after DeepSeek-V3.2, https://arxiv.org/abs/2512.02556).
        LOSS_TIMES_RATIO,
        /// Subtracted from the reward before advantages are computed: it has no gradient of its own.
        REWARD
    }

    /// @throws IllegalArgumentException if the coefficient is negative or not finite
    public KlTerm {
        if (!(coefficient >= 0) || Double.isInfinite(coefficient)) {
            throw new IllegalArgumentException("KL coefficient: found " + coefficient
                    + ", expected a finite number, at least 0");
        }
    }

    /// The same with another coefficient.
    public KlTerm withCoefficient(double number) {
        return new KlTerm(estimator, number, placement);
    }

    /// Whether a reference model is needed.
    public boolean isActive() {
        return coefficient != 0;
    }

    /// Whether there is a term in the loss.
    public boolean isInLoss() {
        return isActive() && placement != Placement.REWARD;
    }

    /// Whether the reward is changed.
    public boolean isInReward() {
        return isActive() && placement == Placement.REWARD;
    }
}
