package glia.reason.policy;

import glia.reason.rollout.RolloutColumns;
import java.util.Arrays;

/// Which tokens have a policy loss. Masked tokens still pay the KL penalty.
///
/// @param topEntropy share of the tokens of highest entropy that learn (https://arxiv.org/abs/2506.01939, 0.2 there);
///     1 for all, 0 for the highest alone
/// @param offPolicy sequences of negative advantage do not learn where the mean of the sampler's minus the policy's
///     log-probabilities exceeds this (DeepSeek-V3.2, https://arxiv.org/abs/2512.02556); ∞ for no limit
public record TokenMasks(double topEntropy, double offPolicy) {
    /// All tokens learn.
    public static final TokenMasks NONE = new TokenMasks(1, Double.POSITIVE_INFINITY);

    /// @throws IllegalArgumentException if the share is not in 0 to 1
    public TokenMasks {
        if (!(topEntropy >= 0 && topEntropy <= 1)) {
            throw new IllegalArgumentException("share of tokens of highest entropy: found " + topEntropy
                    + ", expected 0 to 1");
        }
        if (Double.isNaN(offPolicy)) {
            throw new IllegalArgumentException("off-policy threshold: found NaN, expected a number");
        }
    }

    /// Whether the entropies of tokens are needed.
    public boolean needEntropy() {
        return topEntropy < 1;
    }

    /// The tokens whose entropy is at least the quantile `1 - topEntropy`, linearly interpolated; empty if all learn.
    boolean[] highEntropy(double[] entropies) {
        if (!needEntropy()) {
            return new boolean[0];
        }
        double least = quantile(entropies, 1 - topEntropy);
        boolean[] kept = new boolean[entropies.length];
        for (int n = 0; n < kept.length; n++) {
            kept[n] = (float) entropies[n] >= least;
        }
        return kept;
    }

    /// A quantile in F32 with linear interpolation, as torch computes it: a token exactly at it is kept.
    public static float quantile(double[] numbers, double q) {
        float[] sorted = new float[numbers.length];
        for (int i = 0; i < sorted.length; i++) {
            sorted[i] = (float) numbers[i];
        }
        Arrays.sort(sorted);
        if (sorted.length == 0) {
            return Float.NaN;
        }
        float place = (float) q * (sorted.length - 1);
        int below = (int) Math.floor(place);
        int above = Math.min(sorted.length - 1, below + 1);
        float share = place - below;
        float rise = sorted[above] - sorted[below];
        return share < 0.5f ? sorted[below] + share * rise : sorted[above] - rise * (1 - share);
    }

    /// Whether each sequence is close enough to the sampler for a negative advantage.
    ///
    /// @param logProbs of the policy
    boolean[] onPolicy(RolloutColumns batch, double[] logProbs) {
        boolean[] close = new boolean[batch.numSequences()];
        double[] sampler = batch.atGeneration();
        if (Double.isInfinite(offPolicy) || sampler.length == 0) {
            Arrays.fill(close, 0 <= offPolicy);
            return close;
        }
        double[] differences = new double[logProbs.length];
        for (int n = 0; n < differences.length; n++) {
            differences[n] = sampler[n] - logProbs[n];
        }
        double[] means = batch.means(differences);
        for (int s = 0; s < close.length; s++) {
            close[s] = means[s] <= offPolicy;
        }
        return close;
    }
}
