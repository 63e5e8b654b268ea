package glia.train.recipe;

import glia.io.CheckpointException;
import glia.io.file.Folders;
import glia.io.gguf.GgufCheckpoint;
import glia.text.tokenizer.GgufTokenizerFolder;
import glia.train.recipe.RecipeKeys.NewTokenizer;
import glia.train.tokenizer.BpeTrainer;
import glia.train.tokenizer.CharacterTrainer;
import glia.train.tokenizer.SpecialTokens;
import glia.train.tokenizer.TokenizerTrainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// The tokenizer of a run: that of the model, another one, or one that is trained on the run's texts.
final class RunTokenizer {
    private static final long MIN_FREQUENCY = 2;

    private RunTokenizer() { }

    /// The folder of the tokenizer of a new model; a trained tokenizer, or that of a GGUF file, is written to `folder`.
    ///
    /// @param existing folder or GGUF file of the tokenizer that the recipe names, if it names one
    static Path folder(Recipe recipe, Optional<Path> existing, Path folder) throws IOException {
        if (existing.isPresent()) {
            return Files.isDirectory(existing.get()) ? existing.get() : ofGguf(recipe, existing.get(), folder);
        }
        if (!recipe.has(RecipeKeys.NEW_TOKENIZER)) {
            throw recipe.error(RecipeKeys.NEW_TOKENIZER, "is missing, and so is " + RecipeKeys.TOKENIZER.name()
                    + ": a new model needs a tokenizer, bpe or characters to train one");
        }
        Folders.delete(folder);
        Files.createDirectories(folder);
        List<String> special = recipe.get(RecipeKeys.SPECIAL_TOKENS);
        SpecialTokens tokens = SpecialTokens.of(special.toArray(String[]::new));
        if (!special.isEmpty()) {
            tokens = tokens.with(SpecialTokens.EOS, special.getFirst());
        }
        TokenizerTrainer trainer = recipe.get(RecipeKeys.NEW_TOKENIZER) == NewTokenizer.CHARACTERS
                ? new CharacterTrainer(tokens)
                : new BpeTrainer(Math.toIntExact(recipe.get(RecipeKeys.VOCAB_SIZE)), MIN_FREQUENCY, tokens);
        for (WeightedPath path : RunData.paths(recipe, RecipeKeys.TRAIN)) {
            RunData.source(recipe, path.path()).forEachPiece(trainer::add);
        }
        trainer.train().write(folder);
        return folder;
    }

    /// Writes the tokenizer of a GGUF file as files in the hub's layout.
    private static Path ofGguf(Recipe recipe, Path file, Path folder) throws IOException {
        Folders.delete(folder);
        Files.createDirectories(folder);
        try (GgufCheckpoint gguf = GgufCheckpoint.open(file)) {
            GgufTokenizerFolder.write(gguf.metadata(), folder);
        }
        if (!Files.exists(folder.resolve("tokenizer.json"))) {
            throw recipe.error(RecipeKeys.TOKENIZER, "names " + file + ", which holds no tokenizer");
        }
        return folder;
    }

    /// Requires that a recipe with a model to start from does not name a tokenizer.
    static void requireNone(Recipe recipe) throws CheckpointException {
        if (recipe.has(RecipeKeys.NEW_TOKENIZER)) {
            throw recipe.error(RecipeKeys.NEW_TOKENIZER, "is set, but " + RecipeKeys.MODEL.name()
                    + " is a model that has a tokenizer already");
        }
    }
}
