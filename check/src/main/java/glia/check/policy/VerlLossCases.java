package glia.check.policy;

import glia.check.reference.CaseParams;
import glia.check.reference.ReferenceCase;
import glia.reason.policy.Aggregation.Totals;
import glia.reason.policy.KlController;
import glia.reason.policy.KlTerm;
import glia.reason.policy.PolicyObjective.EntropyBonus;
import glia.reason.policy.PolicyObjective;
import glia.reason.policy.ValueLoss;
import glia.reason.policy.correction.RejectionRule;
import glia.reason.policy.correction.RolloutWeights;
import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import glia.tensor.autograd.Value;
import glia.train.distillation.KlEstimator;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;

/// verl's losses: of policies and values, entropy, KL in the loss and in the reward, rollout correction.
public final class VerlLossCases {
    private static final double F64 = ReferenceCase.F64;

    private VerlLossCases() { }

    public static void run(ReferenceCase c) {
        switch (c.kind()) {
            case "policy_loss" -> VerlPolicyLosses.run(c);
            case "actor_loss" -> actorLoss(c);
            case "value_loss" -> valueLoss(c);
            case "entropy" -> entropy(c);
            case "kl_estimator" -> klEstimator(c);
            case "kl_controller" -> klController(c);
            case "kl_in_reward" -> klInReward(c);
            case "rollout_correction" -> RolloutCorrectionCases.run(c);
            default -> throw c.unknownKind("policy_loss, actor_loss, value_loss, entropy, kl_estimator, kl_controller, "
                    + "kl_in_reward or rollout_correction");
        }
    }

    private static CaseRows rows(ReferenceCase c) {
        return new CaseRows(c.input(c.params().text("mask", "mask")));
    }

    private static void actorLoss(ReferenceCase c) {
        CaseParams p = c.params();
        CaseRows rows = rows(c);
        RolloutColumns batch = rows.batch(c.input(p.text("advantages", "advantages")))
                .with(Column.OLD, rows.of(c.input("logp_old"))).with(Column.REFERENCE, rows.of(c.input("logp_ref")));
        PolicyObjective policy = VerlPolicyLosses.objective(p, rows, p.text("loss"));
        KlTerm kl = new KlTerm(KlEstimator.named(p.text("kl_loss_type", "low_var_kl")),
                p.number("kl_loss_coef", 0.001), KlTerm.Placement.LOSS);
        PolicyObjective objective = policy.withKl(kl).withEntropy(new EntropyBonus(p.number("entropy_coeff", 0), true));
        Totals totals = VerlPolicyLosses.totals(p, batch, objective);
        Value logProbs = rows.variable(c, "logp", c.input(p.text("logp_new", "logp_new")));
        Value entropies = rows.variable(c, "entropy", c.input("entropy"));
        PolicyObjective.Result result = objective.evaluate(logProbs, Optional.of(entropies), batch, totals);
        c.compare("pg_loss", result.figures().policyLoss());
        VerlPolicyLosses.figures(c, result);
        VerlPolicyLosses.approximateKl(c, objective.loss(), CaseRows.numbers(logProbs), batch);
        c.compareLoss(result.loss());
        c.compare("grad_logp", c.gradient("logp"));
        c.compare("grad_entropy", c.gradient("entropy"));
    }

    private static void valueLoss(ReferenceCase c) {
        CaseParams p = c.params();
        CaseRows rows = rows(c);
        RolloutColumns batch = rows.columns().with(Column.VALUE, rows.of(c.input("values")))
                .with(Column.RETURN, rows.of(c.input("returns")));
        ValueLoss rule = new ValueLoss(p.number("cliprange_value", 0.5), VerlPolicyLosses.aggregation(p, rows));
        Value values = rows.variable(c, "vpreds", c.input("vpreds"));
        ValueLoss.Result result = rule.of(values, batch,
                VerlPolicyLosses.totals(p, batch, PolicyObjective.of(VerlPolicyLosses.NO_LOSS, rule.aggregation())));
        c.compare("clipfrac", result.clipped());
        c.compareLoss(result.loss().times(VerlPolicyLosses.factor(p, rule.aggregation())));
        c.compare("grad_vpreds", c.gradient("vpreds"));
    }

    private static void entropy(ReferenceCase c) {
        CaseParams p = c.params();
        CaseRows rows = rows(c);
        Value logits = c.variable("logits", c.input("logits"));
        Value logProbs = logits.logSoftmax();
        Value all = logProbs.times(logProbs.exp()).rowSums().times(-1);
        int[] places = IntStream.range(0, rows.numSequences() * rows.width())
                .filter(i -> c.input(p.text("mask", "mask")).values()[i] != 0).toArray();
        RolloutColumns batch = rows.columns().withAdvantages(new double[rows.numRows()]);
        PolicyObjective objective = PolicyObjective.of(VerlPolicyLosses.NO_LOSS,
                VerlPolicyLosses.aggregation(p, rows)).withEntropy(new EntropyBonus(-1, true));
        Value entropies = all.rows(places);
        Value loss = objective.evaluate(entropies.detached(), Optional.of(entropies), batch,
                VerlPolicyLosses.totals(p, batch, objective)).loss();
        c.compareLoss(loss);
        if (c.hasTensor("entropy")) {
            c.compare("entropy", all);
            c.compare("grad_logits", c.gradient("logits"));
        }
    }

    private static void klEstimator(ReferenceCase c) {
        KlEstimator estimator = KlEstimator.named(c.params().text("estimator"));
        if (c.params().has("alias") && KlEstimator.named(c.params().text("alias")) != estimator) {
            throw new IllegalArgumentException("alias: found \"" + c.params().text("alias")
                    + "\", expected another name of " + estimator);
        }
        CaseRows rows = rows(c);
        Value reference = rows.variable(c, "reference", c.input("logp_ref"));
        Value kl = estimator.of(rows.variable(c, "logp", c.input("logp_new")), reference.detached());
        rows.compare(c, "kl", CaseRows.numbers(kl));
        c.backward(kl.sum());
        c.compare("grad_logp", c.gradient("logp"));
    }

    private static void klController(ReferenceCase c) {
        CaseParams p = c.params();
        KlController controller = new KlController(p.number("init_kl_coef"), p.number("target_kl"),
                p.number("horizon"));
        double[] kl = c.tensor("current_kl").values();
        double[] coefficients = new double[kl.length];
        for (int i = 0; i < kl.length; i++) {
            controller = controller.after(kl[i], p.integer("n_steps", 1));
            coefficients[i] = controller.coefficient();
        }
        c.compare("coef", coefficients, F64);
    }

    private static void klInReward(ReferenceCase c) {
        CaseParams p = c.params();
        CaseRows rows = rows(c);
        KlController controller = new KlController(p.number("init_kl_coef"), p.number("target_kl"),
                p.number("horizon"));
        KlTerm term = new KlTerm(KlEstimator.named(p.text("kl_penalty", "kl")), controller.coefficient(),
                KlTerm.Placement.REWARD);
        RolloutColumns in = rows.columns().with(Column.REWARD, rows.of(c.tensor("token_level_scores")))
                .with(Column.OLD, rows.of(c.input("logp_old"))).with(Column.REFERENCE, rows.of(c.input("logp_ref")));
        rows.compare(c, "token_level_rewards", term.penalized(in).get(Column.REWARD), F64);
        c.compare("actor/reward_kl_penalty", term.mean(in), F64);
        c.compare("actor/reward_kl_penalty_coeff", controller.coefficient(), F64);
        c.compare("coef_after", controller.after(term.mean(in), rows.numSequences()).coefficient(), F64);
    }

    /// verl's correction for the difference between training and sampler.
    static final class RolloutCorrectionCases {
        private static final String PREFIX = "rollout_corr/";

        private RolloutCorrectionCases() { }

        static void run(ReferenceCase c) {
            CaseParams p = c.params();
            CaseRows rows = new CaseRows(c.input("mask"));
            RolloutColumns tokens = rows.columns()
                    .with(Column.OLD, rows.of(c.input("logp_old")))
                    .with(Column.SAMPLER, rows.of(c.input("logp_rollout")));
            double[] mask = new double[rows.numRows()];
            Arrays.fill(mask, 1);
            if (p.has("rollout_is")) {
                RolloutWeights rule = RolloutWeights.of(p.text("rollout_is"),
                        threshold(p, "rollout_is_threshold", "2.0"), p.flag("rollout_is_batch_normalize", false));
                rows.compare(c, "weights", rule.of(tokens), ReferenceCase.F64);
                compare(c, VerlCorrectionFigures.weights(rule, tokens));
            }
            if (p.has("rollout_rs")) {
                List<RejectionRule> rules = RejectionRule.parse(p.text("rollout_rs"),
                        threshold(p, "rollout_rs_threshold", ""));
                boolean[] kept = RejectionRule.kept(rules, tokens);
                Arrays.setAll(mask, n -> kept[n] ? 1 : 0);
                compare(c, VerlCorrectionFigures.rejection(rules, tokens));
            }
            rows.compare(c, "modified_mask", mask, ReferenceCase.F64);
            compare(c, VerlCorrectionFigures.divergences(tokens));
        }

        /// A threshold, which is a number or a text.
        private static String threshold(CaseParams p, String name, String ifAbsent) {
            JsonNode node = p.has(name) ? p.required(name) : null;
            return node == null ? ifAbsent : node.isString() ? node.asString() : Double.toString(node.doubleValue());
        }

        private static void compare(ReferenceCase c, Map<String, Double> figures) {
            figures.forEach((name, value) -> c.compare(PREFIX + name, value, ReferenceCase.F64));
        }
    }
}
