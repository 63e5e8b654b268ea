package glia.check.policy;

import glia.check.reference.CaseParams;
import glia.check.reference.ReferenceCase;
import glia.reason.policy.advantage.AdvantageEstimator.BestOfGroup;
import glia.reason.policy.advantage.AdvantageEstimator.GeneralizedAdvantage;
import glia.reason.policy.advantage.AdvantageEstimator.GroupBaseline;
import glia.reason.policy.advantage.AdvantageEstimator.GroupRelative.Scale;
import glia.reason.policy.advantage.AdvantageEstimator.GroupRelative;
import glia.reason.policy.advantage.AdvantageEstimator.LeaveOneOut;
import glia.reason.policy.advantage.AdvantageEstimator.LengthWeighted;
import glia.reason.policy.advantage.AdvantageEstimator.Lone;
import glia.reason.policy.advantage.AdvantageEstimator.NonZeroScaled;
import glia.reason.policy.advantage.AdvantageEstimator.RewardToGo;
import glia.reason.policy.advantage.AdvantageEstimator;
import glia.reason.policy.advantage.AdvantageInput;
import glia.reason.policy.advantage.Advantages;
import glia.reason.policy.advantage.GreedyBaseline;
import glia.reason.policy.advantage.OptimalTokenBaseline;
import glia.reason.policy.advantage.RewardDecoupled;
import glia.reason.policy.advantage.Whitening;
import java.util.Arrays;
import java.util.stream.Stream;

/// verl's advantage estimators.
public final class VerlAdvantageCases {
    private static final double F64 = ReferenceCase.F64;
    private static final double EPSILON = 1e-6;

    private VerlAdvantageCases() { }

    public static void run(ReferenceCase c) {
        switch (c.kind()) {
            case "" -> estimator(c);
            case "whiten" -> whiten(c);
            default -> throw c.unknownKind("whiten or none");
        }
    }

    private static double[] flat(double[]... rows) {
        return Stream.of(rows).flatMapToDouble(Arrays::stream).toArray();
    }

    private static void whiten(ReferenceCase c) {
        CaseRows rows = new CaseRows(c.input(c.params().text("mask", "mask")));
        double[][] values = rows.matrix(c.input(c.params().text("values", "values")));
        Whitening rule = Whitening.of(values, rows.mask());
        c.compare("mean", rule.mean(), F64);
        c.compare("var", rule.variance(), F64);
        c.compare("whitened", flat(rule.apply(values, c.params().flag("shift_mean", true))), F64);
    }

    private static void estimator(ReferenceCase c) {
        CaseParams p = c.params();
        CaseRows rows = new CaseRows(c.input(p.text("mask", "mask")));
        int[] groups = c.input(p.text("index", "group_ids")).ints();
        String name = p.text("estimator");
        AdvantageEstimator estimator = estimator(name, p);
        if (name.equals("gdpo")) {
            double[] weights = p.numbers("weights");
            double[][] scores = columns(c.input("scores").values(), c.tensor("rewards2").values());
            c.compare("advantages", flat(estimator.of(AdvantageInput.ofScores(groups, rows.mask(), scores,
                    weights.length == 0 ? new double[] {1, 1} : weights)).advantages()));
            return;
        }
        AdvantageInput input = AdvantageInput.ofTokenRewards(groups, rows.mask(),
                rows.matrix(c.input(p.text("rewards"))));
        if (estimator instanceof GeneralizedAdvantage) {
            input = input.withValues(rows.matrix(c.input("values")));
        } else if (estimator instanceof GreedyBaseline) {
            input = input.withBaselines(c.input("reward_baselines").values());
        } else if (estimator instanceof OptimalTokenBaseline) {
            input = input.withDistributions(rows.matrix(c.input("logp_old")), rows.matrix(c.input("sum_pi_squared")));
        }
        Advantages found = estimator.of(input);
        // verl takes means and deviations of groups of this estimator in F32.
        double limit = name.equals("grpo_vectorized") ? ReferenceCase.F32 : F64;
        c.compare("advantages", flat(found.advantages()), limit);
        if (c.hasTensor("returns")) {
            c.compare("returns", flat(found.returns()), limit);
        }
    }

    private static double[][] columns(double[] first, double[] second) {
        double[][] columns = new double[first.length][];
        Arrays.setAll(columns, i -> new double[] {first[i], second[i]});
        return columns;
    }

    private static AdvantageEstimator estimator(String name, CaseParams p) {
        return switch (name) {
            case "gae" -> new GeneralizedAdvantage(p.number("gamma", 1), p.number("lam", 1));
            case "grpo", "grpo_vectorized" -> new GroupRelative(
                    p.flag("norm_adv_by_std_in_grpo", true) ? Scale.GROUP : Scale.NONE, EPSILON, Lone.REWARD);
            case "rloo" -> new LeaveOneOut(Lone.REWARD, false);
            case "rloo_vectorized" -> new LeaveOneOut(Lone.ZERO, false);
            case "opo" -> new LengthWeighted();
            case "gpg" -> new NonZeroScaled();
            case "grpo_passk" -> new BestOfGroup(p.flag("norm_adv_by_std_in_grpo", true));
            case "reinforce_plus_plus" -> new RewardToGo(p.number("gamma", 1));
            case "reinforce_plus_plus_baseline" -> new GroupBaseline();
            case "remax" -> new GreedyBaseline();
            case "optimal_token_baseline" -> new OptimalTokenBaseline(p.flag("handle_zero_tail", false), false);
            case "tir_optimal_token_baseline" -> new OptimalTokenBaseline(p.flag("handle_zero_tail", true), true);
            case "gdpo" -> new RewardDecoupled(EPSILON, Lone.REWARD, true);
            default -> throw new IllegalArgumentException("estimator: found \"" + name + "\", which is not known");
        };
    }
}
