package glia.reason.policy.correction;

import glia.reason.rollout.RolloutColumns;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// All corrections of a run for the difference between sampler and training: importance weights, and rejection of
/// tokens or sequences on which both disagree too much.
///
/// @param truncation TRL's weights
/// @param weights verl's weights, by which those of TRL are multiplied if there are both
/// @param rules of rejection, all of which a token must pass
public record RolloutCorrection(Optional<SamplerCorrection> truncation, Optional<RolloutWeights> weights,
        List<RejectionRule> rules) {
    /// No correction.
    public static final RolloutCorrection NONE = new RolloutCorrection(Optional.empty(), Optional.empty(), List.of());

    private static final double LARGEST_LOG = 20;

    public RolloutCorrection {
        rules = List.copyOf(rules);
    }

    /// Whether anything is corrected.
    public boolean isActive() {
        return truncation.isPresent() || weights.isPresent() || !rules.isEmpty();
    }

    /// What a correction gives.
    ///
    /// @param weights of each row, 0 for rejected ones
    /// @param rejected whether all rows of each sequence are rejected; false for sequences without rows
    /// @param figures for reports: divergence, mean weight, effective share of the tokens, rejected share
    public record Result(double[] weights, boolean[] rejected, Map<String, Double> figures) { }

    /// The weights of rows.
    public Result of(RolloutColumns tokens) {
        double[] product = new double[tokens.numRows()];
        Arrays.fill(product, 1);
        if (truncation.isPresent()) {
            double[] own = truncation.get().weights(tokens);
            double[] ofRows = truncation.get().isPerSequence() ? tokens.spread(own) : own;
            Arrays.setAll(product, n -> product[n] * ofRows[n]);
        }
        if (weights.isPresent()) {
            double[] own = weights.get().of(tokens);
            Arrays.setAll(product, n -> product[n] * own[n]);
        }
        boolean[] kept = RejectionRule.kept(rules, tokens);
        double[] keptRows = new double[kept.length];
        Arrays.setAll(keptRows, n -> kept[n] ? 1 : 0);
        Arrays.setAll(product, n -> product[n] * keptRows[n]);
        double mean = mean(product);
        double squares = mean(Arrays.stream(product).map(w -> w * w).toArray());
        Map<String, Double> figures = new LinkedHashMap<>();
        figures.put("sampler/kl", mean(Arrays.stream(tokens.logRatios()).map(d -> Math.exp(d) - d - 1).toArray()));
        figures.put("sampler/weight", mean);
        figures.put("sampler/effective", squares == 0 ? 0 : mean * mean / squares);
        if (!rules.isEmpty()) {
            figures.put("sampler/rejected", 1 - mean(keptRows));
        }
        double[] sums = tokens.sums(keptRows);
        int[] lengths = tokens.lengths();
        boolean[] rejected = new boolean[sums.length];
        for (int s = 0; s < rejected.length; s++) {
            rejected[s] = sums[s] == 0 && lengths[s] > 0;
        }
        return new Result(product, rejected, figures);
    }

    static double mean(double... x) {
        return Arrays.stream(x).sum() / Math.max(1, x.length);
    }

    /// A log ratio whose exponential is of a usual size.
    static double clamped(double log) {
        return Math.clamp(log, -LARGEST_LOG, LARGEST_LOG);
    }
}
