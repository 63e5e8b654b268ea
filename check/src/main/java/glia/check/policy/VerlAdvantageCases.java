package glia.check.policy;

import glia.check.reference.CaseParams;
import glia.check.reference.CaseTensor;
import glia.check.reference.ReferenceCase;
import glia.reason.policy.advantage.AdvantageEstimator.BestOfGroup;
import glia.reason.policy.advantage.AdvantageEstimator.GeneralizedAdvantage;
import glia.reason.policy.advantage.AdvantageEstimator.GreedyBaseline;
import glia.reason.policy.advantage.AdvantageEstimator.GroupBaseline;
import glia.reason.policy.advantage.AdvantageEstimator.GroupRelative.Scale;
import glia.reason.policy.advantage.AdvantageEstimator.GroupRelative;
import glia.reason.policy.advantage.AdvantageEstimator.LeaveOneOut;
import glia.reason.policy.advantage.AdvantageEstimator.LengthWeighted;
import glia.reason.policy.advantage.AdvantageEstimator.Lone;
import glia.reason.policy.advantage.AdvantageEstimator.NonZeroScaled;
import glia.reason.policy.advantage.AdvantageEstimator.OutcomeEstimator;
import glia.reason.policy.advantage.AdvantageEstimator.RewardDecoupled;
import glia.reason.policy.advantage.AdvantageEstimator.RewardToGo;
import glia.reason.policy.advantage.AdvantageEstimator;
import glia.reason.policy.advantage.OptimalTokenBaseline;
import glia.reason.policy.advantage.RewardStatistics.Whitening;
import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import java.util.stream.IntStream;

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

    private static void whiten(ReferenceCase c) {
        CaseRows rows = new CaseRows(c.input(c.params().text("mask", "mask")));
        CaseTensor values = c.input(c.params().text("values", "values"));
        Whitening rule = Whitening.of(rows.of(values));
        c.compare("mean", rule.mean(), F64);
        c.compare("var", rule.variance(), F64);
        c.compare("whitened", rule.apply(values.values(), c.params().flag("shift_mean", true)), F64);
    }

    private static void estimator(ReferenceCase c) {
        CaseParams p = c.params();
        CaseRows rows = new CaseRows(c.input(p.text("mask", "mask")));
        String name = p.text("estimator");
        AdvantageEstimator estimator = estimator(name, p);
        RolloutColumns in = rows.columns().with(Column.GROUP, c.input(p.text("index", "group_ids")).values());
        if (estimator instanceof RewardDecoupled) {
            double[] weights = p.numbers("weights");
            double[] first = c.input("scores").values();
            double[] second = c.tensor("rewards2").values();
            in = in.with(Column.SCORES, IntStream.range(0, 2 * first.length)
                    .mapToDouble(i -> i % 2 == 0 ? first[i / 2] : second[i / 2]).toArray())
                    .with(Column.SCORE_WEIGHTS, weights.length == 0 ? new double[] {1, 1} : weights);
        } else if (estimator instanceof OutcomeEstimator || estimator instanceof GroupBaseline) {
            // verl adds up the rewards of all places, those outside of the mask too.
            in = in.with(Column.SCORES, rows.totals(c.input(p.text("rewards"))));
        } else {
            in = in.with(Column.REWARD, rows.of(c.input(p.text("rewards"))));
        }
        if (estimator instanceof GeneralizedAdvantage) {
            in = in.with(Column.VALUE, rows.of(c.input("values")));
        } else if (estimator instanceof GreedyBaseline) {
            in = in.with(Column.GREEDY_REWARD, c.input("reward_baselines").values());
        } else if (estimator instanceof OptimalTokenBaseline) {
            in = in.with(Column.OLD, rows.of(c.input("logp_old")))
                    .with(Column.SQUARED_PROBS, rows.of(c.input("sum_pi_squared")))
                    .with(Column.PLACE, name.startsWith("tir") ? new double[0] : rows.places());
        }
        RolloutColumns found = estimator.of(in);
        // verl takes means and deviations of groups of this estimator in F32.
        double limit = name.equals("grpo_vectorized") ? ReferenceCase.F32 : F64;
        rows.compare(c, "advantages", found.get(Column.ADVANTAGE), limit);
        if (c.hasTensor("returns")) {
            rows.compare(c, "returns", found.get(Column.RETURN), limit);
        }
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
            case "optimal_token_baseline" -> new OptimalTokenBaseline(p.flag("handle_zero_tail", false));
            case "tir_optimal_token_baseline" -> new OptimalTokenBaseline(p.flag("handle_zero_tail", true));
            case "gdpo" -> new RewardDecoupled(EPSILON, Lone.REWARD, true);
            default -> throw new IllegalArgumentException("estimator: found \"" + name + "\", which is not known");
        };
    }
}
