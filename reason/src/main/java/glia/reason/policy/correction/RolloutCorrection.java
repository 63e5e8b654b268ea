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
        double[] product = new double[tokens.sequences().length];
        Arrays.fill(product, 1);
        Map<String, Double> figures = new LinkedHashMap<>();
        Map<String, Double> divergence = SamplerDivergence.figures(tokens);
        figures.put("sampler/kl", divergence.get("k3_kl"));
        if (truncation.isPresent()) {
            double[] own = truncation.get().weights(tokens);
            for (int n = 0; n < product.length; n++) {
                product[n] *= own[truncation.get().isPerSequence() ? tokens.sequences()[n] : n];
            }
        }
        if (weights.isPresent()) {
            double[] own = weights.get().of(tokens).weights();
            Arrays.setAll(product, n -> product[n] * own[n]);
        }
        boolean[] kept = RejectionRule.apply(rules, tokens).kept();
        double[] keptRows = new double[kept.length];
        Arrays.setAll(keptRows, n -> kept[n] ? 1 : 0);
        Arrays.setAll(product, n -> product[n] * keptRows[n]);
        double mean = Statistics.mean(product);
        double squares = Statistics.mean(Arrays.stream(product).map(w -> w * w).toArray());
        figures.put("sampler/weight", mean);
        figures.put("sampler/effective", squares == 0 ? 0 : mean * mean / squares);
        if (!rules.isEmpty()) {
            figures.put("sampler/rejected", 1 - Statistics.mean(keptRows));
        }
        double[] sums = tokens.sums(keptRows);
        int[] lengths = tokens.lengths();
        boolean[] rejected = new boolean[sums.length];
        for (int s = 0; s < rejected.length; s++) {
            rejected[s] = sums[s] == 0 && lengths[s] > 0;
        }
        return new Result(product, rejected, figures);
    }
}
