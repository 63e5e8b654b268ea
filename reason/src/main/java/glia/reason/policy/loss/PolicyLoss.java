package glia.reason.policy.loss;

import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import glia.tensor.autograd.Value;
import java.util.Arrays;

/// The loss of each token or sequence of a batch, before masks, KL and aggregation. ℓ is the log-probability of a token
/// under the policy, d its difference to that under the old policy, r = exp(d) the ratio, A the advantage, sg stops the
/// gradient.
///
/// | loss | of a token or sequence |
/// |---|---|
/// | [ClippedRatio] | `-min(r·A, clip(r)·A)` |
/// | [Cispo] | `-sg(clip(r))·A·ℓ` |
/// | [Sapo] | `-4/τ·σ(τ(r - 1))·A` |
/// | [Vespo] | `-sg(φ(Π r))·A·ℓ` |
/// | [GeometricMean] | `-exp(mean(clip(d)))·A`, one a sequence |
/// | [Reinforce] | `-A·ℓ` |
/// | [DirectRewards] | `-(A·ℓ - ½β·d²)` |
/// | [DivergenceBound] | `-sg(min(r, c))·A·ℓ` where the probability has not moved too far |
/// | [CovarianceLoss] | `-r·A`, another term for tokens of high covariance |
public sealed interface PolicyLoss permits ClippedRatio, PolicyLoss.Cispo, PolicyLoss.Sapo, Vespo,
        PolicyLoss.GeometricMean, PolicyLoss.Reinforce, PolicyLoss.DirectRewards, PolicyLoss.DivergenceBound,
        CovarianceLoss {
    /// Limit of log ratios where a reference has none: their exponentials are finite in F32.
    double LARGEST_EXPONENT = 80;

    /// The losses.
    LossTerms of(LossInput in);

    /// Whether the loss compares the covariances of all tokens of an update, so that an update in several micro-batches
    /// needs [#highCovariance].
    default boolean comparesTokens() {
        return false;
    }

    /// The tokens of an update that the loss treats differently for their covariance; empty if it has none.
    ///
    /// @param whole the tokens of the update
    /// @param logProbs of each of its rows under the policy
    default boolean[] highCovariance(RolloutColumns whole, double[] logProbs) {
        return new boolean[0];
    }

    /// Whether there is one loss for each sequence; it is then averaged over sequences.
    default boolean isPerSequence() {
        return false;
    }

    /// Checks a parameter.
    ///
    /// @throws IllegalArgumentException if it is not a number above `least`
    static void requireAbove(String name, double value, double least) {
        if (!(value > least)) {
            throw new IllegalArgumentException(name + ": found " + value + ", expected more than " + least);
        }
    }

    /// Checks a parameter.
    ///
    /// @throws IllegalArgumentException if it is negative
    static void requireNotNegative(String name, double value) {
        if (!(value >= 0)) {
            throw new IllegalArgumentException(name + ": found " + value + ", expected at least 0");
        }
    }

    /// The policy gradient (Williams, 1992): `L = -A·ℓ`. It needs no old policy. verl's `gpg` and `reinforce`.
    record Reinforce() implements PolicyLoss {
        @Override
        public LossTerms of(LossInput in) {
            return LossTerms.ofRows(in.logProbs().times(in.advantages()).times(-1));
        }
    }

    /// Direct reward optimization (DRO, https://arxiv.org/abs/2405.19107): `L = -(A·ℓ - ½β·d²)`.
    ///
    /// @param beta β, how strongly the policy is held near the old one
    record DirectRewards(double beta) implements PolicyLoss {
        /// @throws IllegalArgumentException if β is negative
        public DirectRewards {
            requireNotNegative("beta", beta);
        }

        @Override
        public LossTerms of(LossInput in) {
            Value gain = in.logProbs().times(in.advantages());
            return LossTerms.ofRows(in.difference().square().times(beta / 2).minus(gain));
        }
    }

    /// CISPO (https://arxiv.org/abs/2506.13585): the clipped ratio is a weight without gradient, so that clipped tokens
    /// still learn.
    ///
    /// > L = -sg(clip(r, least, most))·A·ℓ
    ///
    /// The bounds are those of the weight itself. TRL's `epsilon_high` is `most` (5 is usual) with no lower bound;
    /// verl's are 1 - low and 1 + high.
    ///
    /// @param level of what the ratio is taken
    /// @param least lower bound of the weight, 0 for none
    /// @param most upper bound of the weight
    /// @param mostExponent bound of the magnitude of the log ratio
    record Cispo(RatioLevel level, double least, double most, double mostExponent) implements PolicyLoss {
        /// @throws IllegalArgumentException if the bounds are out of order
        public Cispo {
            requireAbove("most", most, 0);
            if (!(least <= most)) {
                throw new IllegalArgumentException("least: found " + least + ", expected at most " + most);
            }
        }

        /// With an upper bound only, as in the paper.
        public static Cispo upTo(RatioLevel level, double most) {
            return new Cispo(level, 0, most, LARGEST_EXPONENT);
        }

        /// Of the figures, `high` counts positive advantages above the bound, `further` all weights outside the bounds.
        @Override
        public LossTerms of(LossInput in) {
            Value ratio = level.ratio(in, -mostExponent, mostExponent);
            Value weights = level.rows(in, ratio.clamp(least, most).detached());
            Value losses = weights.times(in.advantages()).times(in.logProbs()).times(-1);
            boolean perSequence = level.isPerSequence() && !in.batch().hasTokenAdvantages();
            double[] ratios = (perSequence ? ratio : level.rows(in, ratio)).numbers();
            double[] advantages = in.advantages(perSequence);
            return LossTerms.ofRows(losses, ratio, level.isPerSequence(), ClipFigures.of(in.batch(), perSequence,
                    i -> false, i -> ratios[i] > most && advantages[i] > 0,
                    ClipFigures.share(ratios.length, i -> ratios[i] > most || ratios[i] < least)));
        }
    }

    /// SAPO (https://arxiv.org/abs/2511.20347): a smooth gate in place of the clip.
    ///
    /// > L = -4/τ·σ(τ(r - 1))·A, with τ by the sign of A
    ///
    /// @param level of what the ratio is taken
    /// @param positive τ for positive advantages, 1 in the paper
    /// @param negative τ for the others, 1.05 in the paper: it decays faster
    /// @param mostExponent bound of the magnitude of the log ratio
    record Sapo(RatioLevel level, double positive, double negative, double mostExponent) implements PolicyLoss {
        /// @throws IllegalArgumentException if a temperature is not positive
        public Sapo {
            requireAbove("positive", positive, 0);
            requireAbove("negative", negative, 0);
        }

        /// With these temperatures.
        public static Sapo of(RatioLevel level, double positive, double negative) {
            return new Sapo(level, positive, negative, LARGEST_EXPONENT);
        }

        @Override
        public LossTerms of(LossInput in) {
            Value ratio = level.ratio(in, -mostExponent, mostExponent);
            double[] advantages = in.advantages(false);
            Value tau = in.constant(n -> advantages[n] > 0 ? positive : negative);
            Value gates = level.rows(in, ratio).plus(-1).times(tau).logSigmoid().exp();
            Value gains = in.constant(n -> -4 / (advantages[n] > 0 ? positive : negative) * advantages[n]);
            return LossTerms.ofRows(gates.times(gains), ratio, level.isPerSequence(), ClipFigures.NONE);
        }
    }

    /// GMPO (https://arxiv.org/abs/2507.20673): the geometric mean of the clipped ratios of a sequence, one loss for
    /// each.
    ///
    /// > L = -exp(mean(clip(d)))·A, where log ratios d are cut at high for A > 0 and at -low for A < 0
    ///
    /// The advantage of a sequence is [Column#SEQUENCE_ADVANTAGE]. Tokens of advantage 0 count as ratio 1.
    ///
    /// @param low how far a log ratio may fall below 0, 0.4 in the paper
    /// @param high how far it may rise above 0
    record GeometricMean(double low, double high) implements PolicyLoss {
        /// @throws IllegalArgumentException if a bound is negative
        public GeometricMean {
            requireNotNegative("low", low);
            requireNotNegative("high", high);
        }

        @Override
        public boolean isPerSequence() {
            return true;
        }

        @Override
        public LossTerms of(LossInput in) {
            double[] advantages = in.advantages(false);
            double[] shares = in.keptShares();
            Value largest = in.constant(n -> advantages[n] > 0 ? high : Double.POSITIVE_INFINITY);
            Value smallest = in.constant(n -> advantages[n] < 0 ? -low : Double.NEGATIVE_INFINITY);
            Value clipped = in.difference().min(largest).max(smallest);
            Value ratio = in.sequenceSums(clipped.times(in.constant(n -> advantages[n] == 0 ? 0 : shares[n]))).exp();
            Value losses = ratio.times(ratio.constant(in.advantages(true))).times(-1);
            double[] d = in.differences();
            return LossTerms.ofSequences(losses, ratio, ratio, ClipFigures.of(in.batch(), false,
                    n -> d[n] < -low && advantages[n] < 0, n -> d[n] > high && advantages[n] > 0, 0));
        }
    }

    /// DPPO: the ratio is a weight without gradient, and a token stops learning when its probability has moved too far
    /// in the direction of its advantage.
    ///
    /// > L = -sg(min(r, most))·A·ℓ, 0 where the divergence is out of bounds
    ///
    /// @param divergence how the move is measured
    /// @param low bound for negative advantages
    /// @param high bound for positive advantages
    /// @param most largest weight; the paper uses about 20, verl's configuration 3
    /// @param mostExponent bound of the magnitude of the log ratio
    record DivergenceBound(Divergence divergence, double low, double high, double most, double mostExponent)
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
            requireNotNegative("low", low);
            requireNotNegative("high", high);
            requireAbove("most", most, 0);
        }

        @Override
        public LossTerms of(LossInput in) {
            Value ratio = RatioLevel.TOKEN.ratio(in, -mostExponent, mostExponent);
            double[] d = in.differences();
            double[] logProbs = in.logProbs().numbers();
            double[] advantages = in.advantages(false);
            double[] moved = new double[d.length];
            double[] weights = new double[d.length];
            Arrays.setAll(moved, n -> divergence.of(logProbs[n] - d[n], logProbs[n]));
            Arrays.setAll(weights, n -> advantages[n] > 0 && d[n] > 0 && moved[n] > high
                    || advantages[n] <= 0 && d[n] < 0 && moved[n] > low ? 0
                    : Math.exp(Math.clamp(d[n], -mostExponent, mostExponent)));
            Value gains = in.constant(n -> -Math.min(weights[n], most) * advantages[n]);
            return LossTerms.ofRows(in.logProbs().times(gains), ratio, false, ClipFigures.of(in.batch(), false,
                    n -> weights[n] == 0 && advantages[n] <= 0, n -> weights[n] == 0 && advantages[n] > 0,
                    ClipFigures.share(d.length, n -> weights[n] > most)));
        }
    }
}
