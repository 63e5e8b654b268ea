package glia.check.policy;

import glia.check.reference.CaseParams;
import glia.check.reference.ReferenceCase;
import glia.reason.policy.Aggregation.SequenceMean;
import glia.reason.policy.Aggregation.TokenMean;
import glia.reason.policy.Aggregation.TokenSum;
import glia.reason.policy.Aggregation.Totals;
import glia.reason.policy.Aggregation.Within;
import glia.reason.policy.Aggregation;
import glia.reason.policy.PolicyObjective;
import glia.reason.policy.loss.ClipFigures;
import glia.reason.policy.loss.ClippedRatio;
import glia.reason.policy.loss.CovarianceLoss.ClipCovariance;
import glia.reason.policy.loss.CovarianceLoss.KlCovariance;
import glia.reason.policy.loss.PolicyLoss.Cispo;
import glia.reason.policy.loss.PolicyLoss.DirectRewards;
import glia.reason.policy.loss.PolicyLoss.DivergenceBound.Divergence;
import glia.reason.policy.loss.PolicyLoss.DivergenceBound;
import glia.reason.policy.loss.PolicyLoss.GeometricMean;
import glia.reason.policy.loss.PolicyLoss.Reinforce;
import glia.reason.policy.loss.PolicyLoss.Sapo;
import glia.reason.policy.loss.PolicyLoss;
import glia.reason.policy.loss.RatioLevel;
import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import glia.tensor.autograd.Value;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// verl's policy losses.
final class VerlPolicyLosses {
    /// For losses that are about something else than the policy.
    static final PolicyLoss NO_LOSS = new Reinforce();

    private static final double EXPONENT = 20;
    private static final double SEQUENCE_EXPONENT = 10;

    private VerlPolicyLosses() { }

    /// The aggregation of a mode. verl counts only sequences with tokens.
    static Aggregation aggregation(CaseParams p, CaseRows rows) {
        String mode = p.text("loss_agg_mode", "token-mean");
        JsonNode batch = p.has("global_batch_info") ? p.required("global_batch_info") : null;
        double length = batch != null && batch.hasNonNull("loss_scale_factor")
                ? batch.get("loss_scale_factor").doubleValue() : rows.width();
        return switch (mode) {
            case "token-mean" -> new TokenMean();
            case "token-sum" -> new TokenSum();
            case "seq-mean-token-sum" -> new SequenceMean(Within.SUM, 0, false);
            case "seq-mean-token-mean" -> new SequenceMean(Within.MEAN, 0, false);
            case "seq-mean-token-sum-norm" -> new SequenceMean(Within.FIXED_LENGTH, length, false);
            default -> throw new IllegalArgumentException("loss_agg_mode: found \"" + mode + "\", expected "
                    + "token-mean, token-sum, seq-mean-token-sum, seq-mean-token-mean or seq-mean-token-sum-norm");
        };
    }

    /// The totals of the global batch, which several processes share.
    static Totals totals(CaseParams p, RolloutColumns batch, PolicyObjective objective) {
        Totals local = Totals.of(batch, objective.aggregation());
        if (!p.has("global_batch_info")) {
            return local;
        }
        JsonNode info = p.required("global_batch_info");
        // verl takes the mean of this loss over the local sequences.
        if (objective.loss() instanceof GeometricMean) {
            return local;
        }
        for (String name : info.propertyNames()) {
            if (!List.of("dp_size", "batch_num_tokens", "global_batch_size", "loss_scale_factor").contains(name)) {
                throw new IllegalArgumentException("global_batch_info: " + name + " is not supported");
            }
        }
        double processes = info.hasNonNull("dp_size") ? info.get("dp_size").doubleValue() : 1;
        double tokens = info.hasNonNull("batch_num_tokens") ? info.get("batch_num_tokens").doubleValue()
                : local.tokens();
        double sequences = info.hasNonNull("global_batch_size") ? info.get("global_batch_size").doubleValue()
                : local.sequences();
        return new Totals(tokens / processes, sequences / processes);
    }

    static PolicyObjective objective(CaseParams p, CaseRows rows, String name) {
        double clip = p.number("clip_ratio", 0.2);
        double low = p.number("clip_ratio_low", clip);
        double high = p.number("clip_ratio_high", clip);
        double most = p.number("clip_ratio_c", 3);
        double positive = p.number("tau_pos", 1);
        double negative = p.number("tau_neg", 1.05);
        PolicyLoss loss = switch (name) {
            case "vanilla" -> new ClippedRatio(RatioLevel.TOKEN, low, high, Double.POSITIVE_INFINITY, most,
                    -EXPONENT, EXPONENT);
            case "gspo" -> new ClippedRatio(RatioLevel.SEQUENCE_MEAN_PER_TOKEN, low, high,
                    Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, -PolicyLoss.LARGEST_EXPONENT,
                    SEQUENCE_EXPONENT);
            case "cispo" -> new Cispo(RatioLevel.TOKEN, 1 - low, 1 + high, EXPONENT);
            case "sapo" -> new Sapo(RatioLevel.TOKEN, positive, negative, EXPONENT);
            case "gpg", "reinforce" -> new Reinforce();
            case "geo_mean" -> new GeometricMean(low, high);
            case "dppo_tv" -> new DivergenceBound(Divergence.TOTAL_VARIATION, low, high, most, EXPONENT);
            case "dppo_kl" -> new DivergenceBound(Divergence.BERNOULLI_KL, low, high, most, EXPONENT);
            case "dro" -> new DirectRewards(p.number("dro_beta"));
            case "kl_cov" -> new KlCovariance(p.number("kl_cov_ratio", 0.0002), p.number("ppo_kl_coef", 1));
            case "clip_cov" -> new ClipCovariance(low, high, p.number("clip_cov_ratio", 0.0002),
                    p.number("clip_cov_lb", 1), p.number("clip_cov_ub", 5));
            default -> throw new IllegalArgumentException("loss: found \"" + name + "\", which is not known");
        };
        Aggregation aggregation = switch (name) {
            case "sapo" -> {
                p.has("loss_agg_mode");
                yield new SequenceMean(Within.MEAN, 0, false);
            }
            case "geo_mean" -> {
                p.has("loss_agg_mode");
                yield SequenceMean.ofMeans();
            }
            default -> aggregation(p, rows);
        };
        return PolicyObjective.of(loss, aggregation);
    }

    static void run(ReferenceCase c) {
        CaseParams p = c.params();
        CaseRows rows = new CaseRows(c.input(p.text("mask", "mask")));
        String name = p.text("loss");
        PolicyObjective objective = objective(p, rows, name);
        // The reference of the plain policy gradient compares with the sampler, only in its figures.
        String old = name.equals("reinforce") ? "logp_rollout" : "logp_old";
        RolloutColumns batch = rows.batch(c.input(p.text("advantages", "advantages")))
                .with(Column.OLD, rows.of(c.input(old)));
        if (p.has("rollout_is_weights")) {
            batch = batch.with(Column.WEIGHT, rows.of(c.input(p.text("rollout_is_weights"))));
        }
        Value logProbs = rows.variable(c, "logp", c.input(p.text("logp_new", "logp_new")));
        PolicyObjective.Result result = objective.evaluate(logProbs, Optional.empty(), batch,
                totals(p, batch, objective));
        if (c.hasTensor("pg_losses")) {
            double[] losses = CaseRows.numbers(result.losses());
            double[] expected = c.tensor("pg_losses").values();
            c.compare("pg_losses", losses, result.terms().isPerSequence() ? expected : rows.of(expected));
        }
        if (objective.loss() instanceof GeometricMean rule) {
            outside(c, rule, CaseRows.numbers(logProbs), batch);
        } else if (!(objective.loss() instanceof KlCovariance)) {
            figures(c, result);
        }
        approximateKl(c, objective.loss(), CaseRows.numbers(logProbs), batch);
        c.compareLoss(result.loss().times(factor(p, objective.aggregation())));
        c.compare("grad_logp", c.gradient("logp"));
    }

    /// Compares the figures that the reference has.
    static void figures(ReferenceCase c, PolicyObjective.Result result) {
        ClipFigures clip = result.figures().clip();
        if (c.hasScalar("actor/pg_clipfrac")) {
            boolean isCispo = c.params().text("loss").equals("cispo");
            c.compare("actor/pg_clipfrac", isCispo ? clip.further() : clip.any());
        }
        if (c.hasScalar("actor/pg_clipfrac_lower")) {
            boolean isCispo = c.params().text("loss").equals("cispo");
            c.compare("actor/pg_clipfrac_lower", isCispo ? 0 : clip.further());
        }
    }

    /// Compares the mean of the old minus the new log-probabilities, each clamped where the loss clamps it; for KL-Cov
    /// their mean distance.
    static void approximateKl(ReferenceCase c, PolicyLoss loss, double[] logProbs, RolloutColumns batch) {
        if (!c.hasScalar("actor/ppo_kl")) {
            return;
        }
        boolean clamps = switch (loss) {
            case ClippedRatio rule -> rule.level() == RatioLevel.TOKEN;
            case Cispo rule -> true;
            case Sapo rule -> true;
            case DivergenceBound rule -> true;
            default -> false;
        };
        double sum = 0;
        for (int n = 0; n < logProbs.length; n++) {
            double d = batch.get(Column.OLD)[n] - logProbs[n];
            sum += clamps ? Math.clamp(d, -EXPONENT, EXPONENT) : loss instanceof KlCovariance ? Math.abs(d) : d;
        }
        c.compare("actor/ppo_kl", sum / Math.max(1, logProbs.length));
    }

    /// The number of processes by which a sum is multiplied, because their gradients are averaged.
    static double factor(CaseParams p, Aggregation aggregation) {
        return aggregation instanceof TokenSum && p.has("global_batch_info")
                && p.required("global_batch_info").hasNonNull("dp_size")
                ? p.required("global_batch_info").get("dp_size").doubleValue() : 1;
    }

    /// verl counts log ratios outside the range on both sides, by the sign of the advantage.
    private static void outside(ReferenceCase c, GeometricMean rule, double[] logProbs, RolloutColumns batch) {
        double[] positive = new double[logProbs.length];
        double[] negative = new double[logProbs.length];
        for (int n = 0; n < logProbs.length; n++) {
            double d = logProbs[n] - batch.get(Column.OLD)[n];
            boolean isOutside = d < -rule.low() || d > rule.high();
            positive[n] = isOutside && batch.get(Column.ADVANTAGE)[n] > 0 ? 1 : 0;
            negative[n] = isOutside && batch.get(Column.ADVANTAGE)[n] < 0 ? 1 : 0;
        }
        c.compare("actor/pg_clipfrac", Arrays.stream(positive).average().orElse(0));
        c.compare("actor/pg_clipfrac_lower", Arrays.stream(negative).average().orElse(0));
    }
}
