package glia.reason.policy;

import glia.reason.policy.Aggregation.SequenceMean;
import glia.reason.policy.Aggregation.TokenMean;
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
import glia.reason.policy.advantage.AdvantageEstimator.RewardDecoupled;
import glia.reason.policy.advantage.AdvantageEstimator.RewardToGo;
import glia.reason.policy.advantage.AdvantageEstimator;
import glia.reason.policy.loss.ClippedRatio;
import glia.reason.policy.loss.CovarianceLoss.ClipCovariance;
import glia.reason.policy.loss.CovarianceLoss.KlCovariance;
import glia.reason.policy.loss.PolicyLoss.Cispo;
import glia.reason.policy.loss.PolicyLoss.DivergenceBound.Divergence;
import glia.reason.policy.loss.PolicyLoss.DivergenceBound;
import glia.reason.policy.loss.PolicyLoss.GeometricMean;
import glia.reason.policy.loss.PolicyLoss.Reinforce;
import glia.reason.policy.loss.PolicyLoss.Sapo;
import glia.reason.policy.loss.PolicyLoss;
import glia.reason.policy.loss.RatioLevel;
import glia.reason.policy.loss.Vespo;
import glia.train.distillation.KlEstimator;
import java.util.List;

/// A method of policy optimization: an advantage estimator and an objective. The named ones have the defaults of their
/// papers or of TRL; `docs/policy-optimization.md` lists them.
///
/// @param advantages from rewards
/// @param objective from advantages and log-probabilities
public record PolicyMethod(AdvantageEstimator advantages, PolicyObjective objective) {
    private static final List<String> NAMES = List.of("grpo", "bnpo", "dr_grpo", "dapo", "luspo", "cispo", "sapo",
            "vespo", "gspo", "gmpo", "gdpo", "rloo", "opo", "gpg", "pass_k", "reinforce", "reinforce_plus_plus",
            "reinforce_plus_plus_baseline", "remax", "ppo", "dppo_tv", "dppo_kl", "clip_cov", "kl_cov");
    private static final double CLIP = 0.2;
    private static final double CLIP_HIGHER = 0.28;

    /// The names of methods.
    public static List<String> names() {
        return NAMES;
    }

    /// The method of a name.
    ///
    /// @param maxTokens the limit of a completion's length, by which Dr. GRPO divides
    /// @throws IllegalArgumentException if there is none of this name
    public static PolicyMethod named(String name, int maxTokens) {
        GroupRelative group = GroupRelative.of(Scale.GROUP);
        PolicyLoss clipped = ClippedRatio.of(RatioLevel.TOKEN, CLIP, CLIP);
        TokenMean tokens = new TokenMean();
        SequenceMean means = SequenceMean.ofMeans();
        return switch (name) {
            case "grpo" -> of(group, clipped, means);
            case "bnpo" -> of(group, clipped, tokens);
            case "dr_grpo" -> of(GroupRelative.of(Scale.NONE), clipped, SequenceMean.byLength(maxTokens));
            case "dapo" -> of(group, ClippedRatio.of(RatioLevel.TOKEN, CLIP, CLIP_HIGHER), tokens);
            case "luspo" -> of(group, ClippedRatio.of(RatioLevel.SEQUENCE_MEAN, 2e-3, 2.5e-3), SequenceMean.ofSums());
            case "cispo" -> of(group, Cispo.upTo(RatioLevel.TOKEN, 5), tokens);
            case "sapo" -> of(group, Sapo.of(RatioLevel.TOKEN, 1, 1.05), means);
            case "vespo" -> of(group, new Vespo(RatioLevel.TOKEN, 2, 3, 3, 2), tokens);
            case "gspo" -> of(group, ClippedRatio.of(RatioLevel.SEQUENCE_MEAN, 3e-4, 4e-4), means);
            case "gmpo" -> of(group, new GeometricMean(0.4, 0.4), means);
            case "gdpo" -> of(RewardDecoupled.overCompletions(), clipped, tokens);
            case "rloo" -> of(new LeaveOneOut(Lone.ZERO, false), ClippedRatio.of(RatioLevel.SEQUENCE_SUM, CLIP, CLIP),
                    means).withKlInReward(0.05);
            case "opo" -> of(new LengthWeighted(), clipped, tokens);
            case "gpg" -> of(new NonZeroScaled(), new Reinforce(), tokens);
            case "pass_k" -> of(new BestOfGroup(true), clipped, tokens);
            case "reinforce" -> of(new LeaveOneOut(Lone.ZERO, false), new Reinforce(), SequenceMean.ofSums());
            case "reinforce_plus_plus" -> of(new RewardToGo(1), clipped, tokens);
            case "reinforce_plus_plus_baseline" -> of(new GroupBaseline(), clipped, tokens);
            case "remax" -> of(new GreedyBaseline(), clipped, tokens);
            case "ppo" -> of(new GeneralizedAdvantage(1, 0.95), clipped, tokens).withKlInReward(0.05);
            case "dppo_tv" -> of(group, bounded(Divergence.TOTAL_VARIATION), tokens);
            case "dppo_kl" -> of(group, bounded(Divergence.BERNOULLI_KL), tokens);
            case "clip_cov" -> of(group, new ClipCovariance(CLIP, CLIP, 2e-4, 1, 5), tokens);
            case "kl_cov" -> of(group, new KlCovariance(2e-4, 1), tokens);
            default -> throw new IllegalArgumentException("method: found \"" + name + "\", expected one of "
                    + String.join(", ", NAMES));
        };
    }

    private static PolicyMethod of(AdvantageEstimator advantages, PolicyLoss loss, Aggregation aggregation) {
        return new PolicyMethod(advantages, PolicyObjective.of(loss, aggregation));
    }

    private static PolicyLoss bounded(Divergence divergence) {
        return new DivergenceBound(divergence, CLIP, CLIP, 20, 20);
    }

    private PolicyMethod withKlInReward(double coefficient) {
        return with(objective.withKl(new KlTerm(KlEstimator.K1, coefficient, KlTerm.Placement.REWARD)));
    }

    /// The same with another objective.
    public PolicyMethod with(PolicyObjective other) {
        return new PolicyMethod(advantages, other);
    }

    /// The same with another advantage estimator.
    public PolicyMethod with(AdvantageEstimator other) {
        return new PolicyMethod(other, objective);
    }
}
