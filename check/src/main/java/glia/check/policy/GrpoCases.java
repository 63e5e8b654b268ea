package glia.check.policy;

import glia.check.reference.CaseParams;
import glia.check.reference.CaseTensor;
import glia.check.reference.ReferenceCase;
import glia.reason.policy.Aggregation.SequenceMean;
import glia.reason.policy.Aggregation.TokenMean;
import glia.reason.policy.Aggregation.Totals;
import glia.reason.policy.Aggregation;
import glia.reason.policy.KlTerm.Placement;
import glia.reason.policy.KlTerm;
import glia.reason.policy.PolicyObjective.EntropyBonus;
import glia.reason.policy.PolicyObjective;
import glia.reason.policy.TokenMasks;
import glia.reason.policy.correction.SamplerCorrection;
import glia.reason.policy.loss.ClipFigures;
import glia.reason.policy.loss.ClippedRatio;
import glia.reason.policy.loss.LossInput;
import glia.reason.policy.loss.PolicyLoss.Cispo;
import glia.reason.policy.loss.PolicyLoss.Sapo;
import glia.reason.policy.loss.PolicyLoss;
import glia.reason.policy.loss.RatioLevel;
import glia.reason.policy.loss.Vespo;
import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import glia.tensor.autograd.Value;
import glia.train.distillation.KlEstimator;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

/// TRL's GRPO: advantages, losses and the correction for the sampler.
public final class GrpoCases {
    private GrpoCases() { }

    public static void run(ReferenceCase c) {
        switch (c.kind()) {
            case "advantages" -> TrlAdvantages.grpo(c);
            case "loss" -> loss(c);
            case "importance_sampling" -> importanceSampling(c);
            default -> throw c.unknownKind("advantages, loss or importance_sampling");
        }
    }

    private static void importanceSampling(ReferenceCase c) {
        CaseRows rows = new CaseRows(c.input("mask"));
        SamplerCorrection rule = SamplerCorrection.of(c.params().text("mode"), c.params().number("clip_min", 0),
                c.params().number("clip_max", Double.POSITIVE_INFINITY));
        double[] training = rows.of(c.input("logp_old"));
        double[] sampler = rows.of(c.input("logp_sampling"));
        double[] weights = rule.weights(rows.columns()
                .with(Column.OLD, training).with(Column.SAMPLER, sampler));
        double[] expected = c.tensor("is_ratio").values();
        c.compare("is_ratio", weights, rule.isPerSequence() ? expected : rows.of(expected));
        // Tokens that the sampler could not score do not count.
        double[] differences = IntStream.range(0, training.length).mapToDouble(n -> Math.abs(training[n] - sampler[n]))
                .filter(x -> !Double.isNaN(x)).toArray();
        String difference = "sampling/sampling_logp_difference/";
        c.compare(difference + "mean", Arrays.stream(differences).average().orElse(0));
        c.compare(difference + "max", Arrays.stream(differences).max().orElse(0));
        String ratio = "sampling/importance_sampling_ratio/";
        c.compare(ratio + "min", Arrays.stream(weights).min().orElse(0));
        c.compare(ratio + "mean", Arrays.stream(weights).average().orElse(0));
        c.compare(ratio + "max", Arrays.stream(weights).max().orElse(0));
    }

    // ---- losses --------------------------------------------------------------------------------------------------

    /// The loss and aggregation of TRL's parameters.
    static PolicyObjective objective(CaseParams p, String lossType, double maxLength) {
        RatioLevel level = switch (p.text("importance_sampling_level", "token")) {
            case "token" -> RatioLevel.TOKEN;
            case "sequence" -> RatioLevel.SEQUENCE_MEAN;
            default -> throw new IllegalArgumentException("importance_sampling_level: found \""
                    + p.text("importance_sampling_level") + "\", expected token or sequence");
        };
        double low = p.number("epsilon_low", p.number("epsilon", 0.2));
        double high = p.number("epsilon_high", low);
        double delta = p.number("delta", Double.POSITIVE_INFINITY);
        Sapo sapo = Sapo.of(level, p.number("sapo_temperature_pos", 1), p.number("sapo_temperature_neg", 1.05));
        Vespo vespo = new Vespo(level, p.number("vespo_k_pos", 2), p.number("vespo_lambda_pos", 3),
                p.number("vespo_k_neg", 3), p.number("vespo_lambda_neg", 2));
        PolicyLoss clipped = new ClippedRatio(level, low, high, delta, Double.POSITIVE_INFINITY,
                -PolicyLoss.LARGEST_EXPONENT, PolicyLoss.LARGEST_EXPONENT);
        PolicyLoss loss = switch (lossType) {
            case "grpo", "bnpo", "dr_grpo", "dapo", "luspo" -> clipped;
            case "cispo" -> Cispo.upTo(level, high);
            case "sapo" -> sapo;
            case "vespo" -> vespo;
            default -> throw new IllegalArgumentException("loss_type: found \"" + lossType
                    + "\", expected grpo, bnpo, dr_grpo, dapo, luspo, cispo, sapo or vespo");
        };
        Aggregation aggregation = switch (lossType) {
            case "grpo", "sapo" -> SequenceMean.ofMeans();
            case "dr_grpo" -> SequenceMean.byLength(maxLength);
            case "luspo" -> SequenceMean.ofSums();
            default -> new TokenMean();
        };
        KlTerm kl = new KlTerm(KlEstimator.K3_UNCLAMPED, p.number("beta", 0),
                p.flag("use_bias_correction_kl", true) ? Placement.LOSS_TIMES_RATIO : Placement.LOSS);
        TokenMasks masks = new TokenMasks(p.number("top_entropy_quantile", 1),
                p.number("off_policy_mask_threshold", Double.POSITIVE_INFINITY));
        EntropyBonus bonus = new EntropyBonus(p.number("entropy_coef", 0), false);
        return new PolicyObjective(loss, aggregation, kl, bonus, masks);
    }

    /// Whether a loss is divided by the tokens of the whole generation batch.
    static boolean dividesByStep(String lossType) {
        return lossType.equals("dapo") || lossType.equals("cispo") || lossType.equals("vespo");
    }

    private static Totals totals(CaseParams p, String lossType, CaseRows rows) {
        double accumulation = p.number("gradient_accumulation_steps", 1);
        double perGeneration = p.number("steps_per_generation", 1);
        double items = p.number("num_items_in_batch");
        double tokens = dividesByStep(lossType) ? Math.max(items, 1) * accumulation / perGeneration
                : Math.max(rows.numRows(), 1) * accumulation;
        return new Totals(tokens, rows.numSequences() * accumulation);
    }

    /// The tokens of the loss: `mask · tool_mask`.
    static CaseTensor mask(ReferenceCase c) {
        CaseTensor mask = c.input("mask");
        if (!c.hasInput("tool_mask")) {
            return mask;
        }
        double[] both = mask.values().clone();
        double[] tool = c.input("tool_mask").values();
        Arrays.setAll(both, i -> both[i] * tool[i]);
        return new CaseTensor(mask.dtype(), mask.shape(), both);
    }

    private static void loss(ReferenceCase c) {
        CaseRows rows = new CaseRows(mask(c));
        String lossType = c.params().text("loss_type");
        PolicyObjective objective = objective(c.params(), lossType, c.params().number("max_completion_length"));
        Totals totals = totals(c.params(), lossType, rows);
        RolloutColumns batch = batch(c, rows);
        Value logProbs = rows.variable(c, "logp", c.input("logp_new"));
        Value entropies = rows.variable(c, "entropy", c.input("entropy"));
        PolicyObjective.Result result = objective.evaluate(logProbs, Optional.of(entropies), batch, totals);
        tensors(c, rows, objective, result);
        scalars(c, lossType, result);
        if (objective.loss() instanceof Vespo vespo && c.hasTensor("phi_seq")) {
            weights(c, rows, vespo, new LossInput(logProbs, batch));
        }
        if (c.hasScalar("policy_loss")) {
            double undivided = dividesByStep(lossType) ? 1 : c.params().number("gradient_accumulation_steps", 1);
            c.compare("policy_loss", objective.withEntropy(EntropyBonus.NONE).evaluate(logProbs,
                    Optional.of(entropies), batch, totals).loss().number() * undivided);
            c.compare("entropy_coef", objective.entropy().coefficient());
        }
        c.compareLoss(result.loss());
        c.compare("grad_logp", c.gradient("logp"));
        if (c.hasTensor("grad_entropy")) {
            c.compare("grad_entropy", c.gradient("entropy"));
        }
    }

    private static RolloutColumns batch(ReferenceCase c, CaseRows rows) {
        RolloutColumns batch = rows.batch(c.input("advantages"));
        if (c.hasInput("logp_old")) {
            batch = batch.with(Column.OLD, rows.of(c.input("logp_old")));
        }
        if (c.hasInput("logp_ref")) {
            batch = batch.with(Column.REFERENCE, rows.of(c.input("logp_ref")));
        }
        if (c.hasTensor("logp_sampling")) {
            batch = batch.with(Column.SAMPLER, rows.of(c.tensor("logp_sampling")));
        }
        if (c.hasTensor("is_ratio")) {
            double[] weights = c.tensor("is_ratio").values();
            boolean perSequence = weights.length == rows.numSequences();
            batch = perSequence ? batch.with(Column.SEQUENCE_WEIGHT, weights)
                    : batch.with(Column.WEIGHT, rows.of(weights));
        }
        return batch;
    }

    private static void tensors(ReferenceCase c, CaseRows rows, PolicyObjective objective,
            PolicyObjective.Result result) {
        double[] losses = CaseRows.numbers(result.losses());
        double[] kl = result.kl().map(CaseRows::numbers).orElse(new double[losses.length]);
        double[] both = new double[losses.length];
        Arrays.setAll(both, n -> losses[n] + objective.kl().coefficient() * kl[n]);
        if (c.hasTensor("per_token_loss")) {
            rows.compare(c, "per_token_loss", both);
        }
        if (c.hasTensor("per_token_kl")) {
            rows.compare(c, "per_token_kl", kl);
        }
        boolean perSequence = result.terms().ratioIsPerSequence();
        if (c.hasTensor("coef_1")) {
            double[] ratio = CaseRows.numbers(result.terms().ratio().orElseThrow());
            double[] expected = c.tensor("coef_1").values();
            c.compare("coef_1", ratio, perSequence ? expected : rows.of(expected));
        }
        if (objective.loss() instanceof ClippedRatio clip && c.hasTensor("coef_2")) {
            double[] clipped = Arrays.stream(CaseRows.numbers(result.terms().unlimited().orElseThrow()))
                    .map(r -> Math.clamp(r, 1 - clip.low(), 1 + clip.high())).toArray();
            double[] reference = c.tensor("coef_2").values();
            c.compare("coef_2", clipped, perSequence ? reference : rows.of(reference));
        }
        if (c.hasTensor("entropy_mask")) {
            double[] kept = new double[losses.length];
            Arrays.setAll(kept, n -> result.batch().isKept(n) ? 1 : 0);
            rows.compare(c, "entropy_mask", kept);
        }
        if (c.hasTensor("off_policy_mask")) {
            offPolicy(c, rows, result.onPolicy());
        }
    }

    private static void offPolicy(ReferenceCase c, CaseRows rows, boolean[] close) {
        double[] advantages = rows.of(c.input("advantages"));
        int[] sequences = rows.sequences();
        double[] kept = new double[advantages.length];
        Arrays.setAll(kept, n -> advantages[n] >= 0 || close[sequences[n]] ? 1 : 0);
        rows.compare(c, "off_policy_mask", kept);
    }

    private static void weights(ReferenceCase c, CaseRows rows, Vespo vespo, LossInput in) {
        double[] expected = c.tensor("phi_seq").values();
        boolean perSequence = expected.length == rows.numSequences();
        double[] weights = perSequence ? vespo.weights(in) : vespo.rowWeights(in);
        c.compare("phi_seq", weights, perSequence ? expected : rows.of(expected));
        c.compare("vespo/phi_seq_mean", Arrays.stream(weights).average().orElse(0));
    }

    private static void scalars(ReferenceCase c, String lossType, PolicyObjective.Result result) {
        c.compare("entropy", result.figures().entropy());
        c.compareIfThere("kl", result.figures().kl());
        ClipFigures clip = result.figures().clip();
        if (lossType.equals("cispo")) {
            c.compare("cispo_clip_ratio", clip.high());
        }
        boolean ofTokens = result.losses().tensor().rows() == 0 && !result.terms().ratioIsPerSequence();
        clip(c, clip, ofTokens);
    }

    /// Compares the shares of clipped tokens, where the reference has them.
    ///
    /// @param isEmpty whether they are shares of tokens and there is none: TRL has no extremes then
    static void clip(ReferenceCase c, ClipFigures clip, boolean isEmpty) {
        if (c.hasScalar("clip_ratio/low_mean")) {
            c.compare("clip_ratio/low_mean", clip.low());
            c.compare("clip_ratio/high_mean", clip.high());
            c.compare("clip_ratio/region_mean", clip.any());
            c.compare("clip_ratio/low_min", isEmpty ? Double.NaN : clip.lowMin());
            c.compare("clip_ratio/high_max", isEmpty ? Double.NaN : clip.highMax());
        }
    }
}
