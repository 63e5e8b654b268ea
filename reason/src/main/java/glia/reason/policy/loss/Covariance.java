package glia.reason.policy.loss;

import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;

/// The covariance of tokens, `(A - mean A)·(ℓ - mean ℓ)`: large where a likely token is rewarded, which lowers the
/// entropy of the policy (https://arxiv.org/abs/2505.22617).
final class Covariance {
    private Covariance() { }

    static double[] of(RolloutColumns batch, double[] logProbs) {
        double[] advantages = batch.get(Column.ADVANTAGE);
        double meanLogProb = mean(logProbs);
        double meanAdvantage = mean(advantages);
        double[] covariances = new double[logProbs.length];
        for (int n = 0; n < covariances.length; n++) {
            covariances[n] = (advantages[n] - meanAdvantage) * (logProbs[n] - meanLogProb);
        }
        return covariances;
    }

    /// The tokens of high covariance: chosen among those of the update, or of this batch if it is the whole update.
    static boolean[] chosen(PolicyLoss loss, LossInput in) {
        return in.batch().has(Column.HIGH_COVARIANCE) ? in.batch().flags(Column.HIGH_COVARIANCE)
                : loss.highCovariance(in.batch(), LossInput.numbers(in.logProbs()));
    }

    private static double mean(double[] numbers) {
        double sum = 0;
        for (double x : numbers) {
            sum += x;
        }
        return sum / Math.max(1, numbers.length);
    }
}
