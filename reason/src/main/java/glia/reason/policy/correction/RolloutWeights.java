package glia.reason.policy.correction;

import glia.reason.rollout.RolloutColumns;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

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

    /// The weights with figures for reports.
    ///
    /// @param weights of each row
    /// @param figures by verl's names
    public record Result(double[] weights, Map<String, Double> figures) { }

    /// The weights of rows.
    public Result of(RolloutColumns tokens) {
        double[] sums = tokens.sums(tokens.logRatios());
        double[] raw = tokens.logRatios();
        double[] weights = new double[raw.length];
        int outside = 0;
        for (int n = 0; n < raw.length; n++) {
            double log = isPerSequence ? sums[tokens.sequences()[n]] : raw[n];
            raw[n] = Math.exp(Statistics.clamped(log));
            boolean isOutside = raw[n] < least || raw[n] > most;
            outside += isOutside ? 1 : 0;
            weights[n] = !zeroesOutside ? Math.min(raw[n], most) : isOutside ? 0 : raw[n];
        }
        Map<String, Double> figures = figures(tokens, sums, raw, weights);
        if (zeroesOutside) {
            figures.put("rollout_is_oob_ratio", (double) outside / Math.max(1, raw.length));
        }
        if (normalizes) {
            double mean = isPerSequence ? Arrays.stream(tokens.means(weights)).sum()
                    / Math.max(1, tokens.numNonEmpty()) : Statistics.mean(weights);
            double factor = mean > EPSILON ? mean : 1;
            for (int n = 0; n < weights.length; n++) {
                weights[n] /= factor;
            }
            figures.put("rollout_is_batch_norm_factor", factor);
        }
        return new Result(weights, figures);
    }

    private Map<String, Double> figures(RolloutColumns tokens, double[] sums, double[] raw, double[] weights) {
        Map<String, Double> figures = new LinkedHashMap<>();
        if (isPerSequence) {
            figures.put("rollout_is_max", Math.exp(Math.min(Statistics.max(sums), Statistics.LARGEST_LOG)));
            figures.put("rollout_is_min", Math.exp(Statistics.min(sums)));
            figures.put("rollout_is_ratio_fraction_high", Statistics.share(z -> z > Math.log(most), sums));
            figures.put("rollout_is_ratio_fraction_low", Statistics.share(z -> z < Math.log(least), sums));
        } else {
            figures.put("rollout_is_max", Statistics.max(weights));
            figures.put("rollout_is_min", Statistics.min(weights));
            figures.put("rollout_is_ratio_fraction_high", Statistics.share(w -> w > most, raw));
            figures.put("rollout_is_ratio_fraction_low", Statistics.share(w -> w < least, raw));
        }
        double mean = Statistics.mean(weights);
        double squares = Statistics.mean(Arrays.stream(weights).map(w -> w * w).toArray());
        figures.put("rollout_is_mean", mean);
        figures.put("rollout_is_std", Statistics.deviation(weights));
        figures.put("rollout_is_eff_sample_size", squares == 0 ? 0 : mean * mean / squares);
        double[] means = tokens.means(weights);
        figures.put("rollout_is_seq_mean", Statistics.mean(means));
        figures.put("rollout_is_seq_std", Statistics.sampleDeviation(means));
        figures.put("rollout_is_seq_max", Statistics.max(means));
        figures.put("rollout_is_seq_min", Statistics.min(means));
        figures.put("rollout_is_seq_max_deviation",
                Statistics.max(Arrays.stream(means).map(w -> Math.abs(w - 1)).toArray()));
        double[] rawMeans = tokens.means(raw);
        figures.put("rollout_is_seq_fraction_high", Statistics.share(w -> w > most, rawMeans));
        figures.put("rollout_is_seq_fraction_low", Statistics.share(w -> w < least, rawMeans));
        return figures;
    }
}
