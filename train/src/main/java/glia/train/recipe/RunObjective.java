package glia.train.recipe;

import glia.engine.pass.Engine;
import glia.engine.training.Loss;
import glia.io.CheckpointException;
import glia.model.Model;
import glia.model.block.Decoder;
import glia.model.spec.ModelSpec;
import glia.model.spec.Role;
import glia.text.template.ChatMessage;
import glia.text.template.ChatTemplate;
import glia.text.template.RenderOptions;
import glia.text.tokenizer.Tokenizer;
import glia.train.expert.ExpertOptions;
import glia.train.expert.ExpertTraining;
import glia.train.loss.CrossEntropyLoss;
import glia.train.loss.EarlyExit;
import glia.train.loss.MultiTokenPrediction;
import glia.train.recipe.RecipeKeys.Packing;
import glia.train.run.Objective;
import glia.train.run.TextSamples;
import glia.train.run.Trainer.StepHook;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/// The objective of a recipe.
///
/// @param hooks what happens after each update
record RunObjective(Objective objective, List<StepHook> hooks) {
    /// Cross-entropy with label smoothing and z-loss.
    static Loss crossEntropy(Recipe recipe) throws CheckpointException {
        return new CrossEntropyLoss(recipe.get(RecipeKeys.LABEL_SMOOTHING), recipe.get(RecipeKeys.Z_LOSS));
    }

    /// The losses and updates that balance experts.
    static ExpertOptions experts(Recipe recipe) throws CheckpointException {
        return new ExpertOptions(recipe.get(RecipeKeys.BALANCE), 0, recipe.get(RecipeKeys.ROUTER_Z),
                recipe.get(RecipeKeys.BIAS_RATE));
    }

    static RunObjective of(Recipe recipe, Model model, TaskRun task) throws CheckpointException {
        UnaryOperator<Loss> further = further(recipe, model);
        ExpertOptions options = experts(recipe);
        boolean hasExperts = model.sources().keySet().stream().anyMatch(p -> p.role() == Role.ROUTER);
        if (!hasExperts && !options.equals(ExpertOptions.NONE)) {
            throw recipe.error(RecipeKeys.BALANCE, "and the other keys of experts are for models with a mixture of "
                    + "experts; this model has none");
        }
        boolean isPipeline = recipe.get(RecipeKeys.PIPELINE_PARALLEL) > 1;
        if (!hasExperts || isPipeline) {
            return new RunObjective(task.objective(further), List.of());
        }
        ExpertTraining experts;
        try {
            experts = new ExpertTraining(model, options);
        } catch (IllegalArgumentException e) {
            throw recipe.error(RecipeKeys.BIAS_RATE, "is set, but " + e.getMessage());
        }
        UnaryOperator<Loss> all = loss -> experts.with(further.apply(loss));
        return new RunObjective(experts.observe(task.objective(all)), List.of(experts));
    }

    /// Adds the losses of early exit and of multi-token prediction.
    private static UnaryOperator<Loss> further(Recipe recipe, Model model) throws CheckpointException {
        UnaryOperator<Loss> tokens = furtherTokens(recipe, model);
        if (!recipe.has(RecipeKeys.EARLY_EXIT)) {
            return tokens;
        }
        double weight = recipe.get(RecipeKeys.EARLY_EXIT_WEIGHT);
        try {
            Decoder first = model.firstLayers(recipe.get(RecipeKeys.EARLY_EXIT).intValue()).decoder();
            return loss -> new EarlyExit(tokens.apply(loss), first, weight);
        } catch (IllegalArgumentException e) {
            throw recipe.error(RecipeKeys.EARLY_EXIT, "is set, but " + e.getMessage());
        }
    }

    private static UnaryOperator<Loss> furtherTokens(Recipe recipe, Model model) throws CheckpointException {
        double weight = recipe.get(RecipeKeys.MTP);
        if (weight == 0) {
            return UnaryOperator.identity();
        }
        if (model.spec().drafts().isEmpty()) {
            throw recipe.error(RecipeKeys.MTP, "is set, but the model has no multi-token-prediction layers");
        }
        if (recipe.get(RecipeKeys.PACKING) != Packing.WINDOWS) {
            throw recipe.error(RecipeKeys.MTP, "is for data.packing: windows");
        }
        return loss -> new MultiTokenPrediction(loss, weight);
    }

    /// The samples of a run.
    static final class RunSamples {
        private RunSamples() { }

        /// Samples of a recipe's prompts.
        ///
        /// @param template renders prompts as messages of chats; empty for plain texts
        /// @throws CheckpointException if the recipe wants samples without prompts, or of a model that generates no
        ///        text
        static TextSamples of(Recipe recipe, Engine engine, Tokenizer tokenizer, Optional<ChatTemplate> template)
                throws CheckpointException {
            List<String> prompts = recipe.get(RecipeKeys.PROMPTS);
            if (recipe.get(RecipeKeys.SAMPLE_EVERY) > 0) {
                ModelSpec spec = engine.model().spec();
                if (spec.looksAhead() || spec.encoder().isPresent() || spec.head().classes().isPresent()) {
                    throw recipe.error(RecipeKeys.SAMPLE_EVERY, "is set, but the model is "
                            + (spec.diffusion().isPresent() ? "a text diffusion model"
                                    : spec.looksAhead() ? "an encoder"
                                    : spec.encoder().isPresent() ? "an encoder-decoder"
                                    : "a classifier or reward model")
                            + ", which does not continue texts; remove the key");
                }
                if (prompts.isEmpty()) {
                    throw recipe.error(RecipeKeys.PROMPTS, "is empty, but " + RecipeKeys.SAMPLE_EVERY.name()
                            + " is set: "
                            + "give texts to continue");
                }
            }
            Function<String, int[]> encoder = text -> template.isEmpty() ? tokenizer.encode(text, true)
                    : template.get().encode(List.of(ChatMessage.user(text)), RenderOptions.PROMPT, tokenizer);
            return new TextSamples(engine, tokenizer, prompts, encoder,
                    Math.toIntExact(recipe.get(RecipeKeys.SAMPLE_TOKENS)), recipe.get(RecipeKeys.SEED));
        }
    }
}
