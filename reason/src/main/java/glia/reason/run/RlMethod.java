package glia.reason.run;

import glia.io.CheckpointException;
import glia.reason.policy.Aggregation;
import glia.reason.policy.KlTerm;
import glia.reason.policy.PolicyMethod;
import glia.reason.policy.PolicyObjective.EntropyBonus;
import glia.reason.policy.PolicyObjective;
import glia.reason.policy.TokenMasks;
import glia.reason.policy.advantage.AdvantageEstimator.GeneralizedAdvantage;
import glia.reason.policy.advantage.AdvantageEstimator.RewardDecoupled;
import glia.reason.policy.advantage.AdvantageEstimator;
import glia.reason.policy.loss.ClippedRatio;
import glia.reason.policy.loss.PolicyLoss.Reinforce;
import glia.reason.policy.loss.PolicyLoss;
import glia.train.distillation.KlEstimator;
import glia.train.recipe.Recipe;
import java.util.Optional;

/// The method of a recipe: a named one with the values that the recipe sets.
///
/// @param estimator none for rejection sampling
record RlMethod(Optional<AdvantageEstimator> estimator, PolicyObjective objective) {
    static RlMethod of(Recipe recipe) throws CheckpointException {
        String name = recipe.get(RlKeys.METHOD);
        int maxTokens = Math.toIntExact(recipe.get(RlKeys.MAX_TOKENS));
        if (name.equals(RlKeys.REJECTION)) {
            return new RlMethod(Optional.empty(), changed(recipe, PolicyObjective.of(new Reinforce(),
                    new Aggregation.TokenMean()), maxTokens));
        }
        PolicyMethod method = PolicyMethod.named(name, maxTokens);
        AdvantageEstimator estimator = method.advantages() instanceof GeneralizedAdvantage
                ? new GeneralizedAdvantage(recipe.get(RlKeys.GAMMA), recipe.get(RlKeys.LAMBDA)) : method.advantages();
        PolicyObjective objective = changed(recipe, method.objective(), maxTokens);
        if (estimator instanceof RewardDecoupled && objective.kl().isInReward()) {
            throw recipe.error(RlKeys.KL_PLACEMENT, "is reward, but the method " + name
                    + " normalizes each reward by itself, of completions; expected loss or loss_times_ratio");
        }
        return new RlMethod(Optional.of(estimator), objective);
    }

    private static PolicyObjective changed(Recipe recipe, PolicyObjective objective, int maxTokens)
            throws CheckpointException {
        Aggregation aggregation = !recipe.has(RlKeys.AGGREGATION) ? objective.aggregation()
                : switch (recipe.get(RlKeys.AGGREGATION)) {
                    case TOKEN_MEAN -> new Aggregation.TokenMean();
                    case SEQUENCE_MEAN -> Aggregation.SequenceMean.ofMeans();
                    case SEQUENCE_SUM -> Aggregation.SequenceMean.ofSums();
                    case FIXED_LENGTH -> Aggregation.SequenceMean.byLength(maxTokens);
                };
        EntropyBonus entropy = recipe.get(RlKeys.ENTROPY) == 0 ? objective.entropy()
                : new EntropyBonus(recipe.get(RlKeys.ENTROPY), true);
        return new PolicyObjective(clipped(recipe, objective.loss()), aggregation, kl(recipe, objective.kl()), entropy,
                new TokenMasks(recipe.get(RlKeys.TOP_ENTROPY), Double.POSITIVE_INFINITY));
    }

    private static PolicyLoss clipped(Recipe recipe, PolicyLoss loss) throws CheckpointException {
        if (!recipe.has(RlKeys.CLIP_LOW) && !recipe.has(RlKeys.CLIP_HIGH)) {
            return loss;
        }
        if (!(loss instanceof ClippedRatio clipped)) {
            throw recipe.error(recipe.has(RlKeys.CLIP_LOW) ? RlKeys.CLIP_LOW : RlKeys.CLIP_HIGH,
                    "is set, but the method " + recipe.get(RlKeys.METHOD) + " has no such clip range");
        }
        return new ClippedRatio(clipped.level(), recipe.find(RlKeys.CLIP_LOW).orElse(clipped.low()),
                recipe.find(RlKeys.CLIP_HIGH).orElse(clipped.high()), clipped.delta(), clipped.dualClip(),
                clipped.leastExponent(), clipped.mostExponent());
    }

    private static KlTerm kl(Recipe recipe, KlTerm term) throws CheckpointException {
        return new KlTerm(recipe.has(RlKeys.KL_ESTIMATOR) ? KlEstimator.named(recipe.get(RlKeys.KL_ESTIMATOR))
                : term.estimator(), recipe.find(RlKeys.KL).orElse(term.coefficient()),
                recipe.has(RlKeys.KL_PLACEMENT) ? KlTerm.Placement.valueOf(recipe.get(RlKeys.KL_PLACEMENT).name())
                : term.placement());
    }
}
