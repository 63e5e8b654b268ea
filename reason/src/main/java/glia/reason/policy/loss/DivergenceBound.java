package glia.reason.policy.loss;

import glia.reason.rollout.RolloutColumns.Column;
import glia.tensor.autograd.Value;

/// DPPO: the ratio is a weight without gradient, and a token stops learning when its probability has moved too far in
/// the direction of its advantage.
///
/// > L = -sg(min(r, most))·A·ℓ, 0 where the divergence is out of bounds
///
/// @param divergence how the move is measured
/// @param low bound for negative advantages
/// @param high bound for positive advantages
/// @param most largest weight; the paper uses about 20, verl's configuration 3
/// @param mostExponent bound of the magnitude of the log ratio
public record DivergenceBound(Divergence divergence, double low, double high, double most, double mostExponent)
        implements PolicyLoss {
    /// How far the probability of a token moved from p under the old policy to q.
    public enum Divergence {
        /// `|q - p|`, the total variation of the token against all others.
        TOTAL_VARIATION,
        /// `p·ln(p/q) + (1 - p)·ln((1 - p)/(1 - q))`, the KL divergence of the token against all others.
        BERNOULLI_KL;

        private static final double SMALL = 1e-8;

        double of(double oldLogProb, double newLogProb) {
            double p = Math.exp(oldLogProb);
            double q = Math.exp(newLogProb);
            return this == TOTAL_VARIATION ? Math.abs(q - p)
                    : p * (oldLogProb - newLogProb) + (1 - p) * Math.log((1 - p + SMALL) / (1 - q + SMALL));
        }
    }

    /// @throws IllegalArgumentException if a bound is negative
    public DivergenceBound {
        PolicyLoss.requireAbove("low", low, -1e-300);
        PolicyLoss.requireAbove("high", high, -1e-300);
        PolicyLoss.requireAbove("most", most, 0);
    }

    @Override
    public LossTerms of(LossInput in) {
        Value ratio = RatioLevel.TOKEN.ratio(in, -mostExponent, mostExponent);
        double[] d = in.differences();
        double[] logProbs = LossInput.numbers(in.logProbs());
        double[] advantages = in.batch().get(Column.ADVANTAGE);
        double[] gains = new double[d.length];
        boolean[] up = new boolean[d.length];
        boolean[] down = new boolean[d.length];
        boolean[] truncated = new boolean[d.length];
        for (int n = 0; n < d.length; n++) {
            double moved = divergence.of(logProbs[n] - d[n], logProbs[n]);
            up[n] = advantages[n] > 0 && d[n] > 0 && moved > high;
            down[n] = advantages[n] <= 0 && d[n] < 0 && moved > low;
            double weight = Math.exp(Math.clamp(d[n], -mostExponent, mostExponent));
            truncated[n] = weight > most && !up[n] && !down[n];
            gains[n] = up[n] || down[n] ? 0 : -Math.min(weight, most) * advantages[n];
        }
        return LossTerms.ofRows(in.logProbs().times(in.constant(gains)), ratio, false,
                ClipFigures.of(in.batch(), false, down, up, truncated));
    }
}
