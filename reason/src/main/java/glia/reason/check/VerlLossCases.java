package glia.reason.check;

import glia.reason.policy.EntropyBonus;
import glia.reason.policy.KlController;
import glia.reason.policy.KlReward;
import glia.reason.policy.KlTerm;
import glia.reason.policy.PolicyObjective;
import glia.reason.policy.Totals;
import glia.reason.policy.ValueLoss;
import glia.reason.policy.loss.PolicyBatch;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Kernels;
import glia.train.check.CaseFile;
import glia.train.check.CaseGroup;
import glia.train.check.CaseParams;
import glia.train.check.CaseResult;
import glia.train.check.Comparison;
import glia.train.check.ReferenceCase;
import glia.train.check.Variables;
import glia.train.loss.KlEstimator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// verl's losses: of policies and values, entropy, KL in the loss and in the reward, rollout correction.
public final class VerlLossCases implements CaseGroup {
    private static final double F32 = Comparison.F32;
    private static final double F64 = Comparison.F64;

    public VerlLossCases() { }

    @Override
    public String name() {
        return "verl-losses";
    }

    @Override
    public void run(Path folder, Path goldens, Kernels kernels, Consumer<CaseResult> results) throws IOException {
        CaseFile.run(folder, results, (c, comparison) -> {
            try (Variables variables = new Variables(kernels)) {
                run(c, comparison, variables);
            }
        });
    }

    private static void run(ReferenceCase c, Comparison comparison, Variables variables) {
        switch (c.kind()) {
            case "policy_loss" -> VerlPolicyLosses.run(c, comparison, variables);
            case "actor_loss" -> actorLoss(c, comparison, variables);
            case "value_loss" -> valueLoss(c, comparison, variables);
            case "entropy" -> entropy(c, comparison, variables);
            case "kl_estimator" -> klEstimator(c, comparison, variables);
            case "kl_controller" -> klController(c, comparison);
            case "kl_in_reward" -> klInReward(c, comparison);
            case "rollout_correction" -> RolloutCorrectionCases.run(c, comparison);
            default -> throw new IllegalArgumentException("kind: found \"" + c.kind() + "\", which is not known");
        }
    }

    private static CaseRows rows(ReferenceCase c) {
        return new CaseRows(c.input(c.params().text("mask", "mask")));
    }

    private static void actorLoss(ReferenceCase c, Comparison comparison, Variables variables) {
        CaseParams p = c.params();
        CaseRows rows = rows(c);
        PolicyBatch batch = rows.batch(c.input(p.text("advantages", "advantages")))
                .withOld(rows.of(c.input("logp_old"))).withReference(rows.of(c.input("logp_ref")));
        PolicyObjective policy = VerlPolicyLosses.objective(p, rows, p.text("loss"));
        KlTerm kl = new KlTerm(KlEstimator.named(p.text("kl_loss_type", "low_var_kl")),
                p.number("kl_loss_coef", 0.001), KlTerm.Placement.LOSS);
        PolicyObjective objective = policy.withKl(kl)
                .withEntropy(new EntropyBonus(p.number("entropy_coeff", 0), true));
        Totals totals = VerlPolicyLosses.totals(p, batch, objective);
        Value logProbs = rows.variable(variables, "logp", c.input(p.text("logp_new", "logp_new")));
        Value entropies = rows.variable(variables, "entropy", c.input("entropy"));
        PolicyObjective.Result result = objective.evaluate(logProbs, Optional.of(entropies), batch, totals);
        comparison.scalar("pg_loss", result.figures().policyLoss(), F32);
        VerlPolicyLosses.figures(c, comparison, result);
        VerlPolicyLosses.approximateKl(c, comparison, objective.loss(), CaseRows.numbers(logProbs), batch);
        comparison.scalar("loss", variables.backward(result.loss()), F32);
        comparison.tensor("grad_logp", variables.gradient("logp"), F32);
        comparison.tensor("grad_entropy", variables.gradient("entropy"), F32);
    }

    private static void valueLoss(ReferenceCase c, Comparison comparison, Variables variables) {
        CaseParams p = c.params();
        CaseRows rows = rows(c);
        PolicyBatch batch = PolicyBatch.ofRows(rows.sequences(), rows.numSequences(), new double[rows.numRows()]);
        ValueLoss rule = new ValueLoss(p.number("cliprange_value", 0.5), VerlPolicyLosses.aggregation(p, rows));
        Value values = rows.variable(variables, "vpreds", c.input("vpreds"));
        ValueLoss.Result result = rule.of(values, rows.of(c.input("values")), rows.of(c.input("returns")), batch,
                VerlPolicyLosses.totals(p, batch, PolicyObjective.of(VerlPolicyLosses.NO_LOSS, rule.aggregation())));
        comparison.scalar("clipfrac", result.clipped(), F32);
        comparison.scalar("loss",
                variables.backward(result.loss().times(VerlPolicyLosses.factor(p, rule.aggregation()))), F32);
        comparison.tensor("grad_vpreds", variables.gradient("vpreds"), F32);
    }

    private static void entropy(ReferenceCase c, Comparison comparison, Variables variables) {
        CaseParams p = c.params();
        CaseRows rows = rows(c);
        Value logits = variables.variable("logits", c.input("logits"));
        Value logProbs = logits.logSoftmax();
        Value all = logProbs.times(logProbs.exp()).rowSums().times(-1);
        int[] places = IntStream.range(0, rows.numSequences() * rows.width())
                .filter(i -> c.input(p.text("mask", "mask")).values()[i] != 0).toArray();
        PolicyBatch batch = PolicyBatch.ofRows(rows.sequences(), rows.numSequences(), new double[rows.numRows()]);
        PolicyObjective objective = PolicyObjective.of(VerlPolicyLosses.NO_LOSS,
                VerlPolicyLosses.aggregation(p, rows)).withEntropy(new EntropyBonus(-1, true));
        Value entropies = all.rows(places);
        Value loss = objective.evaluate(entropies.detached(), Optional.of(entropies), batch,
                VerlPolicyLosses.totals(p, batch, objective)).loss();
        comparison.scalar("loss", variables.backward(loss), F32);
        if (c.hasTensor("entropy")) {
            comparison.tensor("entropy", all.tensor(), F32);
            comparison.tensor("grad_logits", variables.gradient("logits"), F32);
        }
    }

    private static void klEstimator(ReferenceCase c, Comparison comparison, Variables variables) {
        KlEstimator estimator = KlEstimator.named(c.params().text("estimator"));
        if (c.params().has("alias") && KlEstimator.named(c.params().text("alias")) != estimator) {
            throw new IllegalArgumentException("alias: found \"" + c.params().text("alias")
                    + "\", expected another name of " + estimator);
        }
        CaseRows rows = rows(c);
        Value reference = rows.variable(variables, "reference", c.input("logp_ref"));
        Value kl = estimator.of(rows.variable(variables, "logp", c.input("logp_new")), reference.detached());
        rows.compare(c, comparison, "kl", CaseRows.numbers(kl), F32);
        variables.backward(kl.sum());
        comparison.tensor("grad_logp", variables.gradient("logp"), F32);
    }

    private static void klController(ReferenceCase c, Comparison comparison) {
        CaseParams p = c.params();
        KlController controller = new KlController.Adaptive(p.number("init_kl_coef"), p.number("target_kl"),
                p.number("horizon"));
        double[] kl = c.tensor("current_kl").values();
        double[] coefficients = new double[kl.length];
        for (int i = 0; i < kl.length; i++) {
            controller = controller.after(kl[i], p.integer("n_steps", 1));
            coefficients[i] = controller.coefficient();
        }
        comparison.tensor("coef", coefficients, F64);
    }

    private static void klInReward(ReferenceCase c, Comparison comparison) {
        CaseParams p = c.params();
        CaseRows rows = rows(c);
        KlController controller = new KlController.Adaptive(p.number("init_kl_coef"), p.number("target_kl"),
                p.number("horizon"));
        KlReward result = KlReward.of(KlEstimator.named(p.text("kl_penalty", "kl")), controller.coefficient(),
                rows.matrix(c.tensor("token_level_scores")), rows.matrix(c.input("logp_old")),
                rows.matrix(c.input("logp_ref")), rows.mask());
        comparison.tensor("token_level_rewards",
                Stream.of(result.rewards()).flatMapToDouble(Arrays::stream).toArray(), F64);
        comparison.scalar("actor/reward_kl_penalty", result.meanKl(), F64);
        comparison.scalar("actor/reward_kl_penalty_coeff", controller.coefficient(), F64);
        comparison.scalar("coef_after", controller.after(result.meanKl(), rows.numSequences()).coefficient(), F64);
    }
}
