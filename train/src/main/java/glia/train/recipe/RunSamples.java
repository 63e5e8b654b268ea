package glia.train.recipe;

import glia.engine.pass.Engine;
import glia.io.CheckpointException;
import glia.model.spec.ModelSpec;
import glia.text.template.ChatMessage;
import glia.text.template.ChatTemplate;
import glia.text.template.RenderOptions;
import glia.text.tokenizer.Tokenizer;
import glia.train.run.TextSamples;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/// The samples of a run.
final class RunSamples {
    private RunSamples() { }

    /// Samples of a recipe's prompts.
    ///
    /// @param template renders prompts as messages of chats; empty for plain texts
    /// @throws CheckpointException if the recipe wants samples without prompts, or of a model that generates no text
    static TextSamples of(Recipe recipe, Engine engine, Tokenizer tokenizer, Optional<ChatTemplate> template)
            throws CheckpointException {
        List<String> prompts = recipe.get(RecipeKeys.PROMPTS);
        if (recipe.get(RecipeKeys.SAMPLE_EVERY) > 0) {
            ModelSpec spec = engine.model().spec();
            if (spec.looksAhead() || spec.encoder().isPresent() || spec.head().classes().isPresent()) {
                throw recipe.error(RecipeKeys.SAMPLE_EVERY, "is set, but the model is "
                        + (spec.looksAhead() ? "an encoder" : spec.encoder().isPresent() ? "an encoder-decoder"
                                : "a classifier or reward model")
                        + ", which does not continue texts; remove the key");
            }
            if (prompts.isEmpty()) {
                throw recipe.error(RecipeKeys.PROMPTS, "is empty, but " + RecipeKeys.SAMPLE_EVERY.name() + " is set: "
                        + "give texts to continue");
            }
        }
        Function<String, int[]> encoder = text -> template.isEmpty() ? tokenizer.encode(text, true)
                : template.get().encode(List.of(ChatMessage.user(text)), RenderOptions.PROMPT, tokenizer);
        return new TextSamples(engine, tokenizer, prompts, encoder,
                Math.toIntExact(recipe.get(RecipeKeys.SAMPLE_TOKENS)), recipe.get(RecipeKeys.SEED));
    }
}
