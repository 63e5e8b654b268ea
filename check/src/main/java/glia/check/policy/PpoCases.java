package glia.check.policy;

import glia.check.reference.CaseParams;
import glia.check.reference.CaseTensor;
import glia.check.reference.ReferenceCase;
import glia.reason.policy.Aggregation.TokenMean;
import glia.reason.policy.Aggregation.Totals;
import glia.reason.policy.KlTerm;
import glia.reason.policy.PolicyObjective;
import glia.reason.policy.ValueLoss;
import glia.reason.policy.advantage.AdvantageEstimator.GeneralizedAdvantage;
import glia.reason.policy.advantage.RewardStatistics.Whitening;
import glia.reason.policy.loss.ClippedRatio;
import glia.reason.policy.loss.RatioLevel;
import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import glia.tensor.autograd.Value;
import glia.train.distillation.KlEstimator;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// TRL's PPO: rewards, advantages and returns of a batch, and the losses of its micro-batches.
public final class PpoCases {
    private PpoCases() { }

    /// The rows of completions: places up to the last token and `further` after it.
    private static CaseRows rows(ReferenceCase c, int[] which, int further) {
        int width = c.input("values").dim(1);
        int[] last = c.input("sequence_lengths").ints();
        double[] mask = new double[which.length * width];
        for (int i = 0; i < which.length; i++) {
            Arrays.fill(mask, i * width, i * width + Math.min(width, last[which[i]] + 1 + further), 1);
        }
        return new CaseRows(new CaseTensor(c.input("values").dtype(), new long[] {which.length, width}, mask));
    }

    private static int[] all(ReferenceCase c) {
        return IntStream.range(0, c.input("values").dim(0)).toArray();
    }

    /// Rewards and returns of all places. The score of a completion is the reward of the place after its last token,
    /// where there is one, so that the value model predicts one place more than there are tokens; every token pays
    /// `coefficient·kl`.
    private static RolloutColumns places(ReferenceCase c) {
        CaseParams p = c.params();
        p.has("missing_eos_penalty");
        KlEstimator estimator = switch (p.text("kl_estimator", "k1")) {
            case "k1" -> KlEstimator.K1;
            case "k3" -> KlEstimator.K3_UNCLAMPED;
            default -> throw new IllegalArgumentException("kl_estimator: found \"" + p.text("kl_estimator")
                    + "\", expected k1 or k3");
        };
        CaseRows rows = rows(c, all(c), 1);
        RolloutColumns in = rows.columns().with(Column.OLD, rows.of(c.input("logprobs")))
                .with(Column.REFERENCE, rows.of(c.input("ref_logprobs"))).with(Column.VALUE, rows.of(c.input("values")))
                .with(Column.SCORES, c.input("scores").values());
        int[] last = c.input("sequence_lengths").ints();
        double[] kl = new KlTerm(estimator, 1, KlTerm.Placement.REWARD).ofRows(in);
        Arrays.setAll(kl, n -> rows.places()[n] <= last[in.sequences()[n]] ? kl[n] : 0);
        c.compare("kl", kl, rows.of(c.input("kl")));
        double[] rewards = in.rewards();
        Arrays.setAll(rewards, n -> rewards[n] - p.number("kl_coef", 0.05) * kl[n]);
        double[] white = p.flag("whiten_rewards", false) ? Whitening.of(rewards).apply(rewards, false) : rewards;
        RolloutColumns places = new GeneralizedAdvantage(p.number("gamma", 1), p.number("lam", 0.95))
                .unnormalized(in.with(Column.REWARD, white));
        c.compare("rewards", white, rows.of(c.input("rewards")));
        c.compare("returns", places.get(Column.RETURN), rows.of(c.input("returns")));
        return places;
    }

    /// The advantages of all tokens.
    private static RolloutColumns tokens(ReferenceCase c, RolloutColumns places) {
        CaseRows rows = rows(c, all(c), 0);
        int[] last = c.input("sequence_lengths").ints();
        double[] numbers = rows(c, all(c), 1).places();
        double[] raw = IntStream.range(0, numbers.length).filter(n -> numbers[n] <= last[places.sequences()[n]])
                .mapToDouble(n -> places.get(Column.ADVANTAGE)[n]).toArray();
        double[] advantages = Whitening.of(raw).apply(raw, true);
        c.compare("advantages", advantages, rows.of(c.input("advantages")));
        return rows.columns().withAdvantages(advantages).with(Column.OLD, rows.of(c.input("logprobs")));
    }

    public static void run(ReferenceCase c) {
        int[] which = c.tensor("rows").ints();
        List<Integer> some = Arrays.stream(which).boxed().toList();
        RolloutColumns allPlaces = places(c);
        RolloutColumns batch = tokens(c, allPlaces).part(some);
        CaseRows tokens = rows(c, which, 0);
        CaseRows places = rows(c, which, 1);
        double clip = c.params().number("cliprange", 0.2);
        PolicyObjective objective = PolicyObjective.of(ClippedRatio.of(RatioLevel.TOKEN, clip, clip), new TokenMean());
        Value logProbs = tokens.variable(c, "logp", c.tensor("new_logprobs"));
        PolicyObjective.Result policy = objective.evaluate(logProbs, Optional.empty(), batch,
                Totals.of(batch, objective.aggregation()));
        tokens.compare(c, "pg_losses", policy.losses().numbers());
        ratios(c, policy.terms().ratio().orElseThrow().numbers(), which.length * tokens.width());
        c.compare("pg_clipfrac", policy.figures().clip().any());
        c.compare("pg_loss", policy.loss().number());
        ValueLoss rule = new ValueLoss(c.params().number("cliprange_value", 0.2), new TokenMean());
        RolloutColumns ofValues = allPlaces.part(some);
        Value predicted = places.variable(c, "vpred", c.tensor("vpred"));
        ValueLoss.Result value = rule.of(predicted, ofValues, Totals.of(ofValues, rule.aggregation()));
        places.compare(c, "vf_losses", value.losses().numbers());
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
