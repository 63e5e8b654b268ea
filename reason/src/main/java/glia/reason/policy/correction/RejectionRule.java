package glia.reason.policy.correction;

import glia.reason.rollout.RolloutColumns;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleUnaryOperator;

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

    /// Which rows pass all of some rules.
    public static boolean[] kept(List<RejectionRule> rules, RolloutColumns tokens) {
        boolean[] kept = new boolean[tokens.numRows()];
        Arrays.fill(kept, true);
        for (RejectionRule rule : rules) {
            double[] statistics = rule.statistics(tokens);
            for (int n = 0; n < kept.length; n++) {
                kept[n] &= statistics[n] >= rule.least && statistics[n] <= rule.most;
            }
        }
        return kept;
    }

    /// The statistic of each row; that of its sequence where the rule is about sequences.
    public double[] statistics(RolloutColumns tokens) {
        double[] each = Arrays.stream(tokens.logRatios()).map(RolloutCorrection::clamped).map(estimator.of).toArray();
        return switch (scope) {
            case TOKEN -> each;
            case SEQ_SUM -> tokens.spread(tokens.sums(each));
            case SEQ_MEAN -> tokens.spread(tokens.means(each));
            case SEQ_MAX -> tokens.spread(maxima(tokens, each));
        };
    }

    private static double[] maxima(RolloutColumns tokens, double[] each) {
        double[] maxima = new double[tokens.numSequences()];
        for (int n = 0; n < each.length; n++) {
            maxima[tokens.sequences()[n]] = Math.max(maxima[tokens.sequences()[n]], each[n]);
        }
        return maxima;
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
