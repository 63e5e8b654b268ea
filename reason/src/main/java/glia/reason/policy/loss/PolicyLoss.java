package glia.reason.policy.loss;

import glia.reason.rollout.RolloutColumns;

/// The loss of each token or sequence of a batch, before masks, KL and aggregation. ℓ is the log-probability of a token
/// under the policy, r the ratio to its probability under the old policy, A its advantage, sg stops the gradient.
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
/// | [ClipCovariance], [KlCovariance] | `-r·A`, another term for tokens of high covariance |
public sealed interface PolicyLoss permits ClippedRatio, Cispo, Sapo, Vespo, GeometricMean, Reinforce, DirectRewards,
        DivergenceBound, ClipCovariance, KlCovariance {
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
}
