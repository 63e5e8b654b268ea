package glia.reason.policy;

import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import glia.train.distillation.KlEstimator;
import java.util.Arrays;

/// The penalty for the distance between the policy and the reference model: coefficient times an estimate of
/// `KL(policy‖reference)` at each token, in the loss or in the reward.
///
/// @param estimator of the divergence from the log-probabilities of the sampled tokens
/// @param coefficient β; 0 for no penalty, then no reference model is needed
/// @param placement where it is added
public record KlTerm(KlEstimator estimator, double coefficient, Placement placement) {
    /// No penalty.
    public static final KlTerm NONE = new KlTerm(KlEstimator.K3_UNCLAMPED, 0, Placement.LOSS);

    private static final double EPSILON = 1e-8;

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

    /// The estimate of each row from the log-probabilities at generation and under the reference model.
    public double[] ofRows(RolloutColumns in) {
        double[] kl = in.atGeneration().clone();
        double[] reference = in.required(Column.REFERENCE, "the KL penalty");
        Arrays.setAll(kl, n -> estimator.of(kl[n], reference[n]));
        return kl;
    }

    /// Subtracts the penalty from the reward of each row: `r - β·kl`.
    public RolloutColumns penalized(RolloutColumns in) {
        double[] rewards = in.rewards().clone();
        double[] kl = ofRows(in);
        Arrays.setAll(rewards, n -> rewards[n] - coefficient * kl[n]);
        return in.with(Column.REWARD, rewards);
    }

    /// The mean over sequences of their mean estimate at generation, for reports and [KlController#after].
    public double mean(RolloutColumns in) {
        int[] lengths = in.lengths();
        double[] sums = in.sums(ofRows(in));
        Arrays.setAll(sums, s -> sums[s] / (lengths[s] + EPSILON));
        return Arrays.stream(sums).sum() / Math.max(1, sums.length);
    }
}
