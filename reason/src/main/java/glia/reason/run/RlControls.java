package glia.reason.run;

import glia.io.CheckpointException;
import glia.reason.policy.AdaptiveEntropy;
import glia.reason.policy.KlController;
import glia.reason.policy.KlTerm;
import glia.reason.policy.correction.RejectionRule;
import glia.reason.policy.correction.RolloutCorrection;
import glia.reason.policy.correction.RolloutWeights;
import glia.reason.policy.correction.SamplerCorrection;
import glia.train.recipe.Recipe;
import glia.train.recipe.RecipeKey;
import java.util.List;
import java.util.Optional;

/// Coefficients that follow targets, and corrections for the sampler, by the keys of a recipe.
final class RlControls {
    private RlControls() { }

    /// @param kl the penalty with its coefficient before the first batch
    static Optional<KlController> kl(Recipe recipe, KlTerm kl) throws CheckpointException {
        if (!recipe.has(RlKeys.KL_TARGET)) {
            return Optional.empty();
        }
        if (!kl.isActive()) {
            throw recipe.error(RlKeys.KL_TARGET, "is set, but there is no KL penalty to adapt; set rl.kl to its first "
                    + "coefficient");
        }
        return Optional.of(new KlController(kl.coefficient(), recipe.get(RlKeys.KL_TARGET),
                recipe.get(RlKeys.KL_HORIZON)));
    }

    static Optional<AdaptiveEntropy> entropy(Recipe recipe) throws CheckpointException {
        if (!recipe.has(RlKeys.ENTROPY_TARGET)) {
            return Optional.empty();
        }
        double least = recipe.get(RlKeys.ENTROPY_MIN);
        double most = recipe.get(RlKeys.ENTROPY_MAX);
        if (least > most) {
            throw recipe.error(RlKeys.ENTROPY_MIN, "is " + least + ", more than rl.entropy_max, " + most);
        }
        return Optional.of(AdaptiveEntropy.start(recipe.get(RlKeys.ENTROPY), recipe.get(RlKeys.ENTROPY_STEP), least,
                most, recipe.get(RlKeys.ENTROPY_TARGET)));
    }

    static RolloutCorrection correction(Recipe recipe) throws CheckpointException {
        String mode = recipe.get(RlKeys.CORRECTION);
        boolean isOfVerl = mode.equals("token") || mode.equals("sequence");
        Optional<SamplerCorrection> truncation = mode.equals("none") || isOfVerl ? Optional.empty()
                : Optional.of(SamplerCorrection.of(mode, 0, recipe.get(RlKeys.CORRECTION_BOUND)));
        Optional<RolloutWeights> weights = Optional.empty();
        if (isOfVerl) {
            weights = Optional.of(parsed(recipe, RlKeys.CORRECTION_BOUNDS, () -> {
                String bounds = recipe.get(RlKeys.CORRECTION_BOUNDS);
                return RolloutWeights.of(mode, bounds, recipe.get(RlKeys.CORRECTION_NORMALIZES));
            }));
        }
        return new RolloutCorrection(truncation, weights, rules(recipe));
    }

    private static List<RejectionRule> rules(Recipe recipe) throws CheckpointException {
        if (recipe.has(RlKeys.REJECTION_RULES) != recipe.has(RlKeys.REJECTION_BOUNDS)) {
            throw recipe.has(RlKeys.REJECTION_RULES) ? recipe.error(RlKeys.REJECTION_RULES, "needs rl.rejection_bounds")
                    : recipe.error(RlKeys.REJECTION_BOUNDS, "is set, but rl.rejection names no rule");
        }
        return !recipe.has(RlKeys.REJECTION_RULES) ? List.of() : parsed(recipe, RlKeys.REJECTION_RULES,
                () -> RejectionRule.parse(recipe.get(RlKeys.REJECTION_RULES), recipe.get(RlKeys.REJECTION_BOUNDS)));
    }

    private interface Parser<T> {
        T parse() throws CheckpointException;
    }

    private static <T> T parsed(Recipe recipe, RecipeKey<?> key, Parser<T> parser) throws CheckpointException {
        try {
            return parser.parse();
        } catch (IllegalArgumentException e) {
            throw recipe.error(key, "has no meaning: " + e.getMessage());
        }
    }
}
