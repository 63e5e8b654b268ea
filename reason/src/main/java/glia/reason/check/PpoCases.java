package glia.reason.check;

import glia.reason.policy.Aggregation.TokenMean;
import glia.reason.policy.PolicyObjective;
import glia.reason.policy.Totals;
import glia.reason.policy.ValueLoss;
import glia.reason.policy.advantage.GeneralizedAdvantage;
import glia.reason.policy.advantage.PpoAdvantages;
import glia.reason.policy.loss.ClippedRatio;
import glia.reason.policy.loss.PolicyBatch;
import glia.reason.policy.loss.RatioLevel;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Kernels;
import glia.train.check.CaseFile;
import glia.train.check.CaseGroup;
import glia.train.check.CaseParams;
import glia.train.check.CaseResult;
import glia.train.check.CaseTensor;
import glia.train.check.Comparison;
import glia.train.check.ReferenceCase;
import glia.train.check.Variables;
import glia.train.loss.KlEstimator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// TRL's PPO: rewards, advantages and returns of a batch, and the losses of its micro-batches.
public final class PpoCases implements CaseGroup {
    private static final double F32 = Comparison.F32;

    public PpoCases() { }

    @Override
    public String name() {
        return "ppo-trl";
    }

    @Override
    public void run(Path folder, Path goldens, Kernels kernels, Consumer<CaseResult> results) throws IOException {
        CaseFile.run(folder, results, (c, comparison) -> {
            try (Variables variables = new Variables(kernels)) {
                run(c, comparison, variables);
            }
        });
    }

    private static double[][] matrix(CaseTensor t) {
        double[][] rows = new double[t.dim(0)][];
        Arrays.setAll(rows, i -> Arrays.copyOfRange(t.values(), i * t.dim(1), (i + 1) * t.dim(1)));
        return rows;
    }

    private static double[] flat(double[]... rows) {
        return Stream.of(rows).flatMapToDouble(Arrays::stream).toArray();
    }

    private static PpoAdvantages.Result advantages(ReferenceCase c, Comparison comparison) {
        CaseParams p = c.params();
        p.has("missing_eos_penalty");
        KlEstimator estimator = switch (p.text("kl_estimator", "k1")) {
            case "k1" -> KlEstimator.K1;
            case "k3" -> KlEstimator.K3_UNCLAMPED;
            default -> throw new IllegalArgumentException("kl_estimator: found \"" + p.text("kl_estimator")
                    + "\", expected k1 or k3");
        };
        PpoAdvantages rule = new PpoAdvantages(estimator, p.number("kl_coef", 0.05), p.flag("whiten_rewards", false),
                new GeneralizedAdvantage(p.number("gamma", 1), p.number("lam", 0.95)));
        int[] lengths = Arrays.stream(c.input("sequence_lengths").ints()).map(last -> last + 1).toArray();
        PpoAdvantages.Result result = rule.of(c.input("scores").values(), lengths, matrix(c.input("logprobs")),
                matrix(c.input("ref_logprobs")), matrix(c.input("values")));
        comparison.values("kl", flat(result.kl()), c.input("kl").values(), F32);
        comparison.values("rewards", flat(result.rewards()), c.input("rewards").values(), F32);
        comparison.values("returns", flat(result.returns()), c.input("returns").values(), F32);
        comparison.values("advantages", flat(result.advantages()), c.input("advantages").values(), F32);
        return result;
    }

    /// Some rows of a mask: 1 for places before the last token and `further` after it.
    private static CaseRows rows(ReferenceCase c, int[] which, int width, int further) {
        int[] last = c.input("sequence_lengths").ints();
        double[] mask = new double[which.length * width];
        for (int i = 0; i < which.length; i++) {
            Arrays.fill(mask, i * width, i * width + Math.min(width, last[which[i]] + 1 + further), 1);
        }
        return new CaseRows(new CaseTensor(c.input("values").dtype(), new long[] {which.length, width}, mask));
    }

    private static double[] pick(double[][] rows, int... which) {
        return Arrays.stream(which).mapToObj(i -> rows[i]).flatMapToDouble(Arrays::stream).toArray();
    }

    private static void run(ReferenceCase c, Comparison comparison, Variables variables) {
        PpoAdvantages.Result all = advantages(c, comparison);
        int[] which = c.tensor("rows").ints();
        int width = c.input("values").dim(1);
        CaseRows tokens = rows(c, which, width, 0);
        CaseRows places = rows(c, which, width, 1);
        double clip = c.params().number("cliprange", 0.2);
        PolicyObjective objective = PolicyObjective.of(ClippedRatio.of(RatioLevel.TOKEN, clip, clip),
                new TokenMean());
        PolicyBatch batch = PolicyBatch.ofRows(tokens.sequences(), which.length,
                tokens.of(pick(all.advantages(), which)))
                .withOld(tokens.of(pick(matrix(c.input("logprobs")), which)));
        Value logProbs = tokens.variable(variables, "logp", c.tensor("new_logprobs"));
        PolicyObjective.Result policy = objective.evaluate(logProbs, Optional.empty(), batch,
                Totals.of(batch, objective.aggregation()));
        tokens.compare(c, comparison, "pg_losses", CaseRows.numbers(policy.losses()), F32);
        ratios(comparison, CaseRows.numbers(policy.terms().ratio().orElseThrow()), which.length * width);
        comparison.scalar("pg_clipfrac", policy.figures().clip().any(), F32);
        comparison.scalar("pg_loss", policy.loss().number(), F32);
        ValueLoss rule = new ValueLoss(c.params().number("cliprange_value", 0.2), new TokenMean());
        PolicyBatch ofValues = PolicyBatch.ofRows(places.sequences(), which.length, new double[places.numRows()]);
        Value predicted = places.variable(variables, "vpred", c.tensor("vpred"));
        ValueLoss.Result value = rule.of(predicted, places.of(pick(matrix(c.input("values")), which)),
                places.of(pick(all.returns(), which)), ofValues, Totals.of(ofValues, rule.aggregation()));
        places.compare(c, comparison, "vf_losses", CaseRows.numbers(value.losses()), F32);
        comparison.scalar("vf_clipfrac", value.clipped(), F32);
        comparison.scalar("vf_loss", value.loss().number(), F32);
        Value loss = policy.loss().plus(value.loss().times(c.params().number("vf_coef", 0.1)));
        comparison.scalar("loss", variables.backward(loss), F32);
        comparison.tensor("grad_new_logprobs", variables.gradient("logp"), F32);
        comparison.tensor("grad_vpred", variables.gradient("vpred"), F32);
    }

    /// The reference takes means and extremes over padding too, where the ratio is 1.
    private static void ratios(Comparison comparison, double[] ratios, int places) {
        double sum = 0;
        for (double ratio : ratios) {
            sum += Math.log(ratio) * Math.log(ratio);
        }
        comparison.scalar("approxkl", sum / 2 / places, F32);
        boolean padded = ratios.length < places;
        comparison.scalar("max_ratio", Math.max(padded ? 1 : 0, Arrays.stream(ratios).max().orElse(1)), F32);
        comparison.scalar("min_ratio",
                Math.min(padded ? 1 : Double.POSITIVE_INFINITY, Arrays.stream(ratios).min().orElse(1)), F32);
    }
}
