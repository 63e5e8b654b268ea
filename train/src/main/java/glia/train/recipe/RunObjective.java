package glia.train.recipe;

import glia.engine.training.Loss;
import glia.io.CheckpointException;
import glia.model.Model;
import glia.model.spec.Role;
import glia.train.expert.ExpertOptions;
import glia.train.expert.ExpertTraining;
import glia.train.loss.CrossEntropyLoss;
import glia.train.run.LanguageObjective;
import glia.train.run.Objective;
import glia.train.run.StepHook;
import java.util.List;

/// The objective of a recipe.
///
/// @param hooks what happens after each update
record RunObjective(Objective objective, List<StepHook> hooks) {
    /// Next tokens, masked tokens or answers.
    static RunObjective of(Recipe recipe, Model model, RunData data) throws CheckpointException {
        Loss loss = new CrossEntropyLoss(recipe.get(RecipeKeys.LABEL_SMOOTHING), recipe.get(RecipeKeys.Z_LOSS));
        ExpertOptions options = new ExpertOptions(recipe.get(RecipeKeys.BALANCE), 0, recipe.get(RecipeKeys.ROUTER_Z),
                recipe.get(RecipeKeys.BIAS_RATE));
        int accumulate = Math.toIntExact(recipe.get(RecipeKeys.ACCUMULATE));
        if (!hasExperts(model)) {
            if (!options.equals(ExpertOptions.NONE)) {
                throw recipe.error(RecipeKeys.BALANCE, "and the other keys of experts are for models with a mixture "
                        + "of experts; this model has none");
            }
            return new RunObjective(new LanguageObjective(data.training(), accumulate, loss, data.validation(),
                    data.validationBatches()), List.of());
        }
        ExpertTraining experts = new ExpertTraining(model, options);
        Objective objective = experts.observe(new LanguageObjective(data.training(), accumulate, experts.with(loss),
                data.validation(), data.validationBatches()));
        return new RunObjective(objective, List.of(experts));
    }

    private static boolean hasExperts(Model model) {
        return model.sources().keySet().stream().anyMatch(p -> p.role() == Role.ROUTER);
    }
}
