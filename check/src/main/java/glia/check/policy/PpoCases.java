package glia.check.policy;

import glia.check.reference.CaseParams;
import glia.check.reference.CaseTensor;
import glia.check.reference.ReferenceCase;
import glia.reason.policy.Aggregation.TokenMean;
import glia.reason.policy.Aggregation.Totals;
import glia.reason.policy.PolicyObjective;
import glia.reason.policy.ValueLoss;
import glia.reason.policy.advantage.AdvantageEstimator.GeneralizedAdvantage;
import glia.reason.policy.advantage.PpoAdvantages;
import glia.reason.policy.loss.ClippedRatio;
import glia.reason.policy.loss.RatioLevel;
import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import glia.tensor.autograd.Value;
import glia.train.loss.KlEstimator;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;

/// TRL's PPO: rewards, advantages and returns of a batch, and the losses of its micro-batches.
public final class PpoCases {
    private PpoCases() { }

    private static double[][] matrix(CaseTensor t) {
        double[][] rows = new double[t.dim(0)][];
        Arrays.setAll(rows, i -> Arrays.copyOfRange(t.values(), i * t.dim(1), (i + 1) * t.dim(1)));
        return rows;
    }

    private static double[] flat(double[]... rows) {
        return Stream.of(rows).flatMapToDouble(Arrays::stream).toArray();
    }

    private static PpoAdvantages.Result advantages(ReferenceCase c) {
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
        c.compare("kl", flat(result.kl()), c.input("kl").values());
        c.compare("rewards", flat(result.rewards()), c.input("rewards").values());
        c.compare("returns", flat(result.returns()), c.input("returns").values());
        c.compare("advantages", flat(result.advantages()), c.input("advantages").values());
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

    public static void run(ReferenceCase c) {
        PpoAdvantages.Result all = advantages(c);
        int[] which = c.tensor("rows").ints();
        int width = c.input("values").dim(1);
        CaseRows tokens = rows(c, which, width, 0);
        CaseRows places = rows(c, which, width, 1);
        double clip = c.params().number("cliprange", 0.2);
        PolicyObjective objective = PolicyObjective.of(ClippedRatio.of(RatioLevel.TOKEN, clip, clip), new TokenMean());
        RolloutColumns batch = RolloutColumns.ofRows(tokens.sequences(), which.length,
                tokens.of(pick(all.advantages(), which)))
                .with(Column.OLD, tokens.of(pick(matrix(c.input("logprobs")), which)));
        Value logProbs = tokens.variable(c, "logp", c.tensor("new_logprobs"));
        PolicyObjective.Result policy = objective.evaluate(logProbs, Optional.empty(), batch,
                Totals.of(batch, objective.aggregation()));
        tokens.compare(c, "pg_losses", CaseRows.numbers(policy.losses()));
        ratios(c, CaseRows.numbers(policy.terms().ratio().orElseThrow()), which.length * width);
        c.compare("pg_clipfrac", policy.figures().clip().any());
        c.compare("pg_loss", policy.loss().number());
        ValueLoss rule = new ValueLoss(c.params().number("cliprange_value", 0.2), new TokenMean());
        RolloutColumns ofValues = RolloutColumns.ofRows(places.sequences(), which.length, new double[places.numRows()]);
        Value predicted = places.variable(c, "vpred", c.tensor("vpred"));
        ValueLoss.Result value = rule.of(predicted, places.of(pick(matrix(c.input("values")), which)),
                places.of(pick(all.returns(), which)), ofValues, Totals.of(ofValues, rule.aggregation()));
        places.compare(c, "vf_losses", CaseRows.numbers(value.losses()));
        c.compare("vf_clipfrac", value.clipped());
        c.compare("vf_loss", value.loss().number());
        Value loss = policy.loss().plus(value.loss().times(c.params().number("vf_coef", 0.1)));
        c.compareLoss(loss);
        c.compare("grad_new_logprobs", c.gradient("logp"));
        c.compare("grad_vpred", c.gradient("vpred"));
    }

    /// The reference takes means and extremes over padding too, where the ratio is 1.
    private static void ratios(ReferenceCase c, double[] ratios, int places) {
        double sum = 0;
        for (double ratio : ratios) {
            sum += Math.log(ratio) * Math.log(ratio);
        }
        c.compare("approxkl", sum / 2 / places);
        boolean padded = ratios.length < places;
        c.compare("max_ratio", Math.max(padded ? 1 : 0, Arrays.stream(ratios).max().orElse(1)));
        c.compare("min_ratio", Math.min(padded ? 1 : Double.POSITIVE_INFINITY, Arrays.stream(ratios).min().orElse(1)));
    }
}
