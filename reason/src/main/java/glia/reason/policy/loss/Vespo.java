package glia.reason.policy.loss;

import glia.reason.rollout.RolloutColumns.Column;
import glia.tensor.autograd.Value;
import java.util.Arrays;

/// VESPO (https://arxiv.org/abs/2602.10693): a smooth weight of the ratio of whole sequences.
///
/// > L = -sg(φ)·A·ℓ, φ = exp(λ + k·z - λ·eᶻ), z = Σ d
///
/// φ is 1 for a ratio of 1. Importance weights of the sampler are part of z, so the loss is not multiplied by them.
///
/// @param level of the ratio by which a KL estimate is multiplied
/// @param positiveK k for advantages of at least 0, 2 in the paper
/// @param positiveLambda λ for them, 3
/// @param negativeK k for negative advantages, 3
/// @param negativeLambda λ for them, 2
public record Vespo(RatioLevel level, double positiveK, double positiveLambda, double negativeK,
        double negativeLambda) implements PolicyLoss {
    private static final double LEAST = Math.log(1e-8);
    private static final double MOST = 20;
    private static final double LEAST_LAMBDA = 1e-4;

    @Override
    public LossTerms of(LossInput in) {
        double[] weights = rowWeights(in);
        double[] advantages = in.advantages(false);
        Value ratio = level.ratio(in, -LARGEST_EXPONENT, LARGEST_EXPONENT);
        return LossTerms.ofRows(in.logProbs().times(in.constant(n -> -weights[n] * advantages[n])), ratio,
                level.isPerSequence(), ClipFigures.NONE);
    }

    /// The weight of each sequence, φ of its ratio and its advantage.
    public double[] weights(LossInput in) {
        double[] z = logRatios(in);
        Arrays.setAll(z, s -> weight(z[s], in.advantages(true)[s]));
        return z;
    }

    /// The weight of each row, φ of its sequence's ratio and its own advantage.
    public double[] rowWeights(LossInput in) {
        double[] weights = in.batch().spread(logRatios(in));
        Arrays.setAll(weights, n -> weight(weights[n], in.advantages(false)[n]));
        return weights;
    }

    /// φ for a log ratio and an advantage; 0 where it is not finite.
    double weight(double z, double advantage) {
        double k = advantage >= 0 ? positiveK : negativeK;
        double lambda = Math.max(LEAST_LAMBDA, advantage >= 0 ? positiveLambda : negativeLambda);
        double phi = Math.exp(lambda + k * z - lambda * Math.exp(z));
        return Double.isFinite(phi) ? phi : 0;
    }

    private static double[] logRatios(LossInput in) {
        double[] d = in.differences();
        double[] ofRows = in.batch().get(Column.WEIGHT);
        double[] ofSequences = in.batch().get(Column.SEQUENCE_WEIGHT);
        for (int n = 0; n < d.length; n++) {
            d[n] = Math.clamp(d[n], -MOST, MOST);
            d[n] += ofRows.length == 0 ? 0 : logWeight(ofRows[n]);
        }
        double[] z = in.batch().sums(d);
        for (int s = 0; s < z.length; s++) {
            z[s] = Math.clamp(z[s] + (ofSequences.length == 0 ? 0 : logWeight(ofSequences[s])), LEAST, MOST);
        }
        return z;
    }

    private static double logWeight(double weight) {
        return Math.clamp(Math.log(weight), LEAST, MOST);
    }
}
