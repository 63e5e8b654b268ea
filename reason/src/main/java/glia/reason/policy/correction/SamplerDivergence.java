package glia.reason.policy.correction;

import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;

/// How far the policy in training is from the sampler, for reports: perplexities, KL and χ² divergences.
public final class SamplerDivergence {
    private SamplerDivergence() { }

    /// The figures by verl's names.
    public static Map<String, Double> figures(RolloutColumns tokens) {
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
        figures.put("log_ppl_diff", Statistics.mean(differences));
        figures.put("log_ppl_abs_diff", mean(differences, Math::abs));
        figures.put("log_ppl_diff_max", Statistics.max(differences));
        figures.put("log_ppl_diff_min", Statistics.min(differences));
        figures.put("ppl_ratio", mean(differences, Math::exp));
        figures.put("chi2_token", mean(d, x -> Math.exp(2 * Statistics.clamped(x))) - 1);
        figures.put("chi2_seq", mean(tokens.sums(d), x -> Math.exp(2 * Statistics.clamped(x))) - 1);
        return figures;
    }

    private static double mean(double[] numbers, DoubleUnaryOperator of) {
        return Statistics.mean(Arrays.stream(numbers).map(of).toArray());
    }
}
