package glia.reason.policy.correction;

import glia.reason.rollout.RolloutColumns;
import java.util.Arrays;

/// verl's importance weights for the difference between training and sampler: `exp(Σ d)` of the log ratios of a token
/// or a whole sequence, truncated at an upper bound, or 0 outside of a range.
///
/// @param isPerSequence whether the ratio is that of whole sequences
/// @param least lower bound; only for reports unless weights outside become 0
/// @param most upper bound
/// @param zeroesOutside whether weights outside the bounds become 0; else those above are cut
/// @param normalizes whether weights are divided by their mean over the batch
public record RolloutWeights(boolean isPerSequence, double least, double most, boolean zeroesOutside,
        boolean normalizes) {
    private static final double EPSILON = 1e-8;

    /// @throws IllegalArgumentException if the bounds are not positive and in order
    public RolloutWeights {
        if (!(least > 0) || !(least <= most)) {
            throw new IllegalArgumentException("importance weights: found bounds " + least + " and " + most
                    + ", expected positive numbers in order");
        }
    }

    /// The rule of verl's parameters.
    ///
    /// @param level `token` or `sequence`
    /// @param threshold an upper bound such as `2.0`, or both bounds such as `0.8_1.2`, outside of which weights are 0
    /// @throws IllegalArgumentException if they have no meaning
    public static RolloutWeights of(String level, String threshold, boolean normalizes) {
        if (!level.equals("token") && !level.equals("sequence")) {
            throw new IllegalArgumentException("level of importance weights: found \"" + level
                    + "\", expected token or sequence");
        }
        double[] bounds = RejectionRule.Bounds.parse(threshold);
        return new RolloutWeights(level.equals("sequence"), bounds.length == 1 ? 1 / bounds[0] : bounds[0],
                bounds[bounds.length - 1], bounds.length == 2, normalizes);
    }

    /// The ratio of each row or of its sequence, without bounds.
    public double[] ratios(RolloutColumns tokens) {
        double[] logs = tokens.logRatios();
        return Arrays.stream(isPerSequence ? tokens.spread(tokens.sums(logs)) : logs)
                .map(log -> Math.exp(RolloutCorrection.clamped(log))).toArray();
    }

    /// The weight of each row.
    public double[] of(RolloutColumns tokens) {
        double[] weights = Arrays.stream(ratios(tokens)).map(r -> !zeroesOutside ? Math.min(r, most)
                : r < least || r > most ? 0 : r).toArray();
        double factor = normalizes ? factor(tokens, weights) : 1;
        return Arrays.stream(weights).map(w -> w / factor).toArray();
    }

    /// The mean of weights over the batch, by which they are divided; 1 if it is 0.
    public double factor(RolloutColumns tokens, double... weights) {
        double mean = isPerSequence ? Arrays.stream(tokens.means(weights)).sum() / Math.max(1, tokens.numNonEmpty())
                : RolloutCorrection.mean(weights);
        return mean > EPSILON ? mean : 1;
    }
}
