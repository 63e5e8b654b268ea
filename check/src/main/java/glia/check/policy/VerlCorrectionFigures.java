package glia.check.policy;

import glia.reason.policy.correction.RejectionRule;
import glia.reason.policy.correction.RolloutWeights;
import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoublePredicate;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/// What verl reports of the correction for the sampler, by its names.
final class VerlCorrectionFigures {
    private static final double LARGEST_LOG = 20;
    private static final double EPSILON = 1e-8;

    private VerlCorrectionFigures() { }

    /// How far the policy in training is from the sampler: perplexities, KL and χ² divergences.
    static Map<String, Double> divergences(RolloutColumns tokens) {
        double[] training = tokens.means(tokens.get(Column.OLD));
        double[] sampler = tokens.means(tokens.get(Column.SAMPLER));
        double[] d = tokens.logRatios();
        double[] differences = new double[training.length];
        Arrays.setAll(differences, s -> sampler[s] - training[s]);
        Map<String, Double> figures = new LinkedHashMap<>();
        figures.put("training_ppl", mean(training, x -> Math.exp(-x)));
        figures.put("training_log_ppl", mean(training, x -> -x));
        figures.put("kl", mean(d, x -> -x));
        figures.put("k3_kl", mean(d, x -> Math.exp(x) - x - 1));
        figures.put("rollout_ppl", mean(sampler, x -> Math.exp(-x)));
        figures.put("rollout_log_ppl", mean(sampler, x -> -x));
        figures.put("log_ppl_diff", mean(differences));
        figures.put("log_ppl_abs_diff", mean(differences, Math::abs));
        figures.put("log_ppl_diff_max", max(differences));
        figures.put("log_ppl_diff_min", min(differences));
        figures.put("ppl_ratio", mean(differences, Math::exp));
        figures.put("chi2_token", mean(d, x -> Math.exp(2 * Math.clamp(x, -LARGEST_LOG, LARGEST_LOG))) - 1);
        figures.put("chi2_seq", mean(tokens.sums(d), x -> Math.exp(2 * Math.clamp(x, -LARGEST_LOG, LARGEST_LOG))) - 1);
        return figures;
    }

    private static double mean(double[] numbers, DoubleUnaryOperator of) {
        return mean(Arrays.stream(numbers).map(of).toArray());
    }

    /// The figures of importance weights, before they are divided by their mean.
    static Map<String, Double> weights(RolloutWeights rule, RolloutColumns tokens) {
        Map<String, Double> figures = new LinkedHashMap<>();
        double[] sums = tokens.sums(tokens.logRatios());
        double[] raw = rule.ratios(tokens);
        double least = rule.least();
        double most = rule.most();
        double[] weights = new RolloutWeights(rule.isPerSequence(), least, most, rule.zeroesOutside(), false)
                .of(tokens);
        if (rule.zeroesOutside()) {
            figures.put("rollout_is_oob_ratio", share(r -> r < least || r > most, raw));
        }
        if (rule.normalizes()) {
            figures.put("rollout_is_batch_norm_factor", rule.factor(tokens, weights));
        }
        if (rule.isPerSequence()) {
            figures.put("rollout_is_max", Math.exp(Math.min(max(sums), LARGEST_LOG)));
            figures.put("rollout_is_min", Math.exp(min(sums)));
            figures.put("rollout_is_ratio_fraction_high", share(z -> z > Math.log(most), sums));
            figures.put("rollout_is_ratio_fraction_low", share(z -> z < Math.log(least), sums));
        } else {
            figures.put("rollout_is_max", max(weights));
            figures.put("rollout_is_min", min(weights));
            figures.put("rollout_is_ratio_fraction_high", share(w -> w > most, raw));
            figures.put("rollout_is_ratio_fraction_low", share(w -> w < least, raw));
        }
        double mean = mean(weights);
        double squares = mean(Arrays.stream(weights).map(w -> w * w).toArray());
        figures.put("rollout_is_mean", mean);
        figures.put("rollout_is_std", deviation(weights));
        figures.put("rollout_is_eff_sample_size", squares == 0 ? 0 : mean * mean / squares);
        double[] means = tokens.means(weights);
        figures.put("rollout_is_seq_mean", mean(means));
        figures.put("rollout_is_seq_std", sampleDeviation(means));
        figures.put("rollout_is_seq_max", max(means));
        figures.put("rollout_is_seq_min", min(means));
        figures.put("rollout_is_seq_max_deviation",
                max(Arrays.stream(means).map(w -> Math.abs(w - 1)).toArray()));
        double[] rawMeans = tokens.means(raw);
        figures.put("rollout_is_seq_fraction_high", share(w -> w > most, rawMeans));
        figures.put("rollout_is_seq_fraction_low", share(w -> w < least, rawMeans));
        return figures;
    }

    /// The figures of rejection.
    static Map<String, Double> rejection(List<RejectionRule> rules, RolloutColumns tokens) {
        Map<String, Double> figures = new LinkedHashMap<>();
        for (RejectionRule rule : rules) {
            String prefix = "rollout_rs_" + rule.name();
            rejection(prefix, rule, tokens, rule.statistics(tokens), figures);
            masked(prefix, tokens, RejectionRule.kept(List.of(rule), tokens), tokens.numNonEmpty(), figures);
        }
        masked("rollout_rs", tokens, RejectionRule.kept(rules, tokens), tokens.numSequences(), figures);
        return figures;
    }

    private static void masked(String prefix, RolloutColumns tokens, boolean[] kept, int numSequences,
            Map<String, Double> figures) {
        double[] rejected = IntStream.range(0, kept.length).mapToDouble(n -> kept[n] ? 0 : 1).toArray();
        figures.put(prefix + "_masked_fraction", mean(rejected));
        figures.put(prefix + "_seq_masked_fraction",
                (double) Arrays.stream(tokens.sums(rejected)).filter(x -> x > 0).count() / Math.max(1, numSequences));
    }

    private static void rejection(String prefix, RejectionRule rule, RolloutColumns tokens, double[] statistics,
            Map<String, Double> figures) {
        double most = rule.most();
        boolean isRatio = rule.estimator() == RejectionRule.Estimator.K1;
        double[] all = tokens.means(statistics);
        int[] lengths = tokens.lengths();
        double[] sequences = IntStream.range(0, all.length).filter(s -> lengths[s] > 0)
                .mapToDouble(s -> all[s]).toArray();
        double[] units = rule.scope() == RejectionRule.Scope.TOKEN ? statistics : sequences;
        figures.put(prefix + "_mean", mean(statistics));
        figures.put(prefix + "_max", max(units));
        figures.put(prefix + "_min", min(units));
        figures.put(prefix + "_fraction_high", share(x -> x > most, units));
        figures.put(prefix + "_fraction_low", share(x -> x < rule.least(), units));
        double least = Math.max(rule.least(), isRatio ? rule.least() : 0);
        figures.put(prefix + "_std", deviation(Arrays.stream(statistics)
                .map(x -> Math.clamp(x, least, most)).toArray()));
        figures.put(prefix + "_seq_mean", mean(sequences));
        figures.put(prefix + "_seq_std", sampleDeviation(sequences));
        figures.put(prefix + "_seq_max", max(sequences));
        figures.put(prefix + "_seq_min", min(sequences));
        figures.put(prefix + "_seq_max_deviation", max(Arrays.stream(sequences).map(Math::abs).toArray()));
        figures.put(prefix + "_seq_fraction_high", share(x -> x > most, sequences));
        if (isRatio) {
            figures.put(prefix + "_seq_fraction_low", share(x -> x < rule.least(), sequences));
        }
    }

    private static double mean(double... x) {
        return Arrays.stream(x).sum() / Math.max(1, x.length);
    }

    /// With n, as verl computes it: `√(mean(x²) - mean(x)²)` of means over n + 1e-8, which is not exactly 0 for equal
    /// numbers; 0 for a single number.
    private static double deviation(double... x) {
        double count = x.length + EPSILON;
        double mean = Arrays.stream(x).sum() / count;
        double squares = Arrays.stream(x).map(v -> v * v).sum() / count;
        return x.length < 2 ? 0 : Math.sqrt(Math.max(0, squares - mean * mean));
    }

    /// With n - 1; 0 for a single number.
    private static double sampleDeviation(double... x) {
        double mean = mean(x);
        return x.length < 2 ? 0
                : Math.sqrt(Arrays.stream(x).map(v -> (v - mean) * (v - mean)).sum() / (x.length - 1));
    }

    private static double max(double... x) {
        return Arrays.stream(x).max().orElse(0);
    }

    private static double min(double... x) {
        return Arrays.stream(x).min().orElse(0);
    }

    private static double share(DoublePredicate of, double... x) {
        return (double) Arrays.stream(x).filter(of).count() / Math.max(1, x.length);
    }
}
