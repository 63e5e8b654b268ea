package glia.reason.policy.correction;

import glia.reason.rollout.RolloutColumns;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/// verl's rejection of tokens or sequences on which training and sampler disagree too much: a statistic of the log
/// ratios `d = training - sampler` must lie within bounds.
///
/// @param scope of what the statistic is taken
/// @param estimator of the divergence at a token
/// @param least lower bound of the statistic, -∞ for none
/// @param most upper bound of the statistic
public record RejectionRule(Scope scope, Estimator estimator, double least, double most) {
    /// Of what a statistic is taken.
    public enum Scope {
        TOKEN, SEQ_SUM, SEQ_MEAN, SEQ_MAX
    }

    /// The divergence at a token.
    public enum Estimator {
        /// `-d`, the log ratio of the sampler to training.
        K1(d -> -d),
        /// `½·d²`.
        K2(d -> d * d / 2),
        /// `eᵈ - d - 1`.
        K3(d -> Math.exp(d) - d - 1);

        private final DoubleUnaryOperator of;

        Estimator(DoubleUnaryOperator of) {
            this.of = of;
        }
    }

    /// The name in verl, such as `seq_mean_k3`.
    public String name() {
        return (scope + "_" + estimator).toLowerCase(Locale.ROOT);
    }

    /// The rules of verl's parameters.
    ///
    /// @param names such as `token_k1,seq_mean_k3`
    /// @param thresholds one for each name or one for all: for k1 the bounds `0.7_1.4` of the ratio sampler / training,
    ///     or an upper one whose inverse is the lower one; for others an upper bound of the statistic
    /// @throws IllegalArgumentException if a name or threshold has no meaning
    public static List<RejectionRule> parse(String names, String thresholds) {
        List<String> all = Arrays.stream(names.split(",")).map(String::strip).distinct().toList();
        String[] bounds = thresholds.split(",");
        if (bounds.length != 1 && bounds.length != all.size()) {
            throw new IllegalArgumentException("thresholds: found " + bounds.length + " in \"" + thresholds
                    + "\", expected one or " + all.size());
        }
        List<RejectionRule> rules = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            rules.add(parseOne(all.get(i), Bounds.parse(bounds[bounds.length == 1 ? 0 : i])));
        }
        return rules;
    }

    private static RejectionRule parseOne(String name, double[] bounds) {
        for (Scope scope : Scope.values()) {
            for (Estimator estimator : Estimator.values()) {
                RejectionRule rule = new RejectionRule(scope, estimator, Double.NEGATIVE_INFINITY, bounds[0]);
                if (!rule.name().equals(name) || scope == Scope.SEQ_MAX && estimator == Estimator.K1) {
                    continue;
                }
                if (estimator == Estimator.K1) {
                    double upper = bounds[bounds.length - 1];
                    double lower = bounds.length == 1 ? 1 / upper : bounds[0];
                    return new RejectionRule(scope, estimator, Math.log(lower), Math.log(upper));
                }
                if (bounds.length == 1) {
                    return rule;
                }
                throw new IllegalArgumentException(name + ": found two bounds, expected an upper one");
            }
        }
        throw new IllegalArgumentException("rejection: found \"" + name + "\", expected token_k1, token_k2, token_k3, "
                + "seq_sum_k1 to seq_sum_k3, seq_mean_k1 to seq_mean_k3, seq_max_k2 or seq_max_k3");
    }

    /// Which rows are kept, with figures for reports.
    ///
    /// @param kept whether each row is kept
    /// @param figures by verl's names
    public record Result(boolean[] kept, Map<String, Double> figures) { }

    /// Applies rules: a row must pass all.
    public static Result apply(List<RejectionRule> rules, RolloutColumns tokens) {
        boolean[] kept = new boolean[tokens.sequences().length];
        Arrays.fill(kept, true);
        Map<String, Double> figures = new LinkedHashMap<>();
        for (RejectionRule rule : rules) {
            double[] statistics = rule.statistics(tokens);
            boolean[] own = new boolean[kept.length];
            for (int n = 0; n < kept.length; n++) {
                own[n] = statistics[n] >= rule.least && statistics[n] <= rule.most;
                kept[n] &= own[n];
            }
            String prefix = "rollout_rs_" + rule.name();
            rule.figures(prefix, tokens, statistics, figures);
            masked(prefix, tokens, own, tokens.numNonEmpty(), figures);
        }
        masked("rollout_rs", tokens, kept, tokens.numSequences(), figures);
        return new Result(kept, figures);
    }

    private static void masked(String prefix, RolloutColumns tokens, boolean[] kept, int numSequences,
            Map<String, Double> figures) {
        double[] rejected = new double[kept.length];
        for (int n = 0; n < kept.length; n++) {
            rejected[n] = kept[n] ? 0 : 1;
        }
        figures.put(prefix + "_masked_fraction", Statistics.mean(rejected));
        figures.put(prefix + "_seq_masked_fraction",
                (double) Arrays.stream(tokens.sums(rejected)).filter(x -> x > 0).count() / Math.max(1, numSequences));
    }

    /// The statistic of each row; that of its sequence where the rule is about sequences.
    private double[] statistics(RolloutColumns tokens) {
        double[] each = tokens.logRatios();
        for (int n = 0; n < each.length; n++) {
            each[n] = estimator.of.applyAsDouble(Statistics.clamped(each[n]));
        }
        if (scope == Scope.TOKEN) {
            return each;
        }
        double[] ofSequences = scope == Scope.SEQ_SUM ? tokens.sums(each)
                : scope == Scope.SEQ_MEAN ? tokens.means(each) : maxima(tokens, each);
        double[] rows = new double[each.length];
        for (int n = 0; n < rows.length; n++) {
            rows[n] = ofSequences[tokens.sequences()[n]];
        }
        return rows;
    }

    private static double[] maxima(RolloutColumns tokens, double[] each) {
        double[] maxima = new double[tokens.numSequences()];
        for (int n = 0; n < each.length; n++) {
            maxima[tokens.sequences()[n]] = Math.max(maxima[tokens.sequences()[n]], each[n]);
        }
        return maxima;
    }

    private void figures(String prefix, RolloutColumns tokens, double[] statistics, Map<String, Double> figures) {
        double[] all = tokens.means(statistics);
        int[] lengths = tokens.lengths();
        double[] sequences = IntStream.range(0, all.length).filter(s -> lengths[s] > 0)
                .mapToDouble(s -> all[s]).toArray();
        double[] units = scope == Scope.TOKEN ? statistics : sequences;
        figures.put(prefix + "_mean", Statistics.mean(statistics));
        figures.put(prefix + "_max", Statistics.max(units));
        figures.put(prefix + "_min", Statistics.min(units));
        figures.put(prefix + "_fraction_high", Statistics.share(x -> x > most, units));
        figures.put(prefix + "_fraction_low", Statistics.share(x -> x < least, units));
        double least = Math.max(this.least, estimator == Estimator.K1 ? this.least : 0);
        figures.put(prefix + "_std", Statistics.deviation(Arrays.stream(statistics)
                .map(x -> Math.clamp(x, least, most)).toArray()));
        figures.put(prefix + "_seq_mean", Statistics.mean(sequences));
        figures.put(prefix + "_seq_std", Statistics.sampleDeviation(sequences));
        figures.put(prefix + "_seq_max", Statistics.max(sequences));
        figures.put(prefix + "_seq_min", Statistics.min(sequences));
        figures.put(prefix + "_seq_max_deviation", Statistics.max(Arrays.stream(sequences).map(Math::abs).toArray()));
        figures.put(prefix + "_seq_fraction_high", Statistics.share(x -> x > most, sequences));
        if (estimator == Estimator.K1) {
            figures.put(prefix + "_seq_fraction_low", Statistics.share(x -> x < this.least, sequences));
        }
    }

    /// Bounds as verl writes them: an upper one such as `2.0`, or both such as `0.8_1.2`.
    static final class Bounds {
        private Bounds() { }

        /// One or two positive numbers.
        ///
        /// @throws IllegalArgumentException if the text is something else
        static double[] parse(String text) {
            String[] parts = text.strip().split("_", -1);
            double[] bounds = new double[parts.length];
            boolean fits = parts.length <= 2;
            for (int i = 0; i < parts.length && fits; i++) {
                try {
                    bounds[i] = Double.parseDouble(parts[i]);
                    fits = bounds[i] > 0 && Double.isFinite(bounds[i]);
                } catch (NumberFormatException e) {
                    fits = false;
                }
            }
            if (!fits) {
                throw new IllegalArgumentException("bound: found \"" + text
                        + "\", expected a positive number such as 2.0, or two such as 0.8_1.2");
            }
            return bounds;
        }
    }
}
