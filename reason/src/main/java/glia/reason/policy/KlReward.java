package glia.reason.policy;

import glia.train.loss.KlEstimator;
import java.util.Arrays;

/// The KL penalty in the reward: `r[t] - coefficient·kl[t]` at the tokens of a completion, with kl from the
/// log-probabilities at generation and those of the reference model.
///
/// @param rewards the changed rewards of each place
/// @param meanKl the mean over completions of their mean KL, for reports and [KlController#after]
public record KlReward(double[][] rewards, double meanKl) {
    private static final double EPSILON = 1e-8;

    /// Subtracts the penalty.
    ///
    /// @param rewards of each place of each completion
    /// @param oldLogProbs of each place under the policy at generation
    /// @param referenceLogProbs of each place under the reference model
    /// @param mask whether each place is a token that the policy chose
    public static KlReward of(KlEstimator estimator, double coefficient, double[][] rewards, double[][] oldLogProbs,
            double[][] referenceLogProbs, boolean[][] mask) {
        double[][] changed = new double[rewards.length][];
        double sum = 0;
        for (int i = 0; i < changed.length; i++) {
            changed[i] = Arrays.copyOf(rewards[i], rewards[i].length);
            double own = 0;
            int count = 0;
            for (int t = 0; t < changed[i].length; t++) {
                if (mask[i][t]) {
                    double kl = estimator.of(oldLogProbs[i][t], referenceLogProbs[i][t]);
                    changed[i][t] -= coefficient * kl;
                    own += kl;
                    count++;
                }
            }
            sum += own / (count + EPSILON);
        }
        return new KlReward(changed, sum / Math.max(1, changed.length));
    }

    /// The sum of the penalties of each completion's tokens, for rewards of completions.
    public static double[] sums(KlEstimator estimator, double[][] oldLogProbs, double[][] referenceLogProbs,
            boolean[][] mask) {
        double[] sums = new double[mask.length];
        for (int i = 0; i < sums.length; i++) {
            for (int t = 0; t < mask[i].length; t++) {
                sums[i] += mask[i][t] ? estimator.of(oldLogProbs[i][t], referenceLogProbs[i][t]) : 0;
            }
        }
        return sums;
    }
}
