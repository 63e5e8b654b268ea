package glia.train.recipe;

import glia.io.CheckpointException;
import glia.io.FileErrors;
import glia.io.file.Folders;
import glia.io.gguf.GgufCheckpoint;
import glia.text.template.ChatTemplate;
import glia.text.tokenizer.GgufTokenizerFolder;
import glia.train.data.ChatData;
import glia.train.recipe.RecipeKeys.Characters;
import glia.train.recipe.RecipeKeys.NewTokenizer;
import glia.train.tokenizer.BpeTrainer;
import glia.train.tokenizer.SpecialTokens;
import glia.train.tokenizer.TokenizerTrainer.CharacterTrainer;
import glia.train.tokenizer.TokenizerTrainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// The tokenizer of a run: that of the model, another one, or one that is trained on the run's texts.
final class RunTokenizer {
    private static final long MIN_FREQUENCY = 2;
    private static final String UNKNOWN = "<unk>";
    /// Line feed and printable ASCII.
    private static final String ASCII = IntStream.concat(IntStream.of('\n'), IntStream.rangeClosed(' ', '~'))
            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString();

    private RunTokenizer() { }

    /// The folder of the tokenizer of a new model; a trained tokenizer, or that of a GGUF file, is written to `folder`.
    ///
    /// @param existing folder or GGUF file of the tokenizer that the recipe names, if it names one
    static Path folder(Recipe recipe, Optional<Path> existing, Path folder) throws IOException {
        if (existing.isPresent()) {
            requireTrained(recipe, RecipeKeys.TOKENIZER.name() + " is a tokenizer that is complete");
            return Files.isDirectory(existing.get()) ? existing.get() : ofGguf(recipe, existing.get(), folder);
        }
        if (!recipe.has(RecipeKeys.NEW_TOKENIZER)) {
            throw recipe.error(RecipeKeys.NEW_TOKENIZER, "is missing, and so is " + RecipeKeys.TOKENIZER.name()
                    + ": a new model needs a tokenizer, bpe or characters to train one");
        }
        Optional<String> template = chatTemplate(recipe);
        Folders.delete(folder);
        Files.createDirectories(folder);
        boolean hasCharacters = recipe.get(RecipeKeys.NEW_TOKENIZER) == NewTokenizer.CHARACTERS;
        TokenizerTrainer trainer = trainer(recipe, hasCharacters, specialTokens(recipe));
        if (recipe.get(RecipeKeys.CHARACTERS) == Characters.ASCII) {
            if (!hasCharacters) {
                throw recipe.error(RecipeKeys.CHARACTERS, "is set, but the tokens of "
                        + RecipeKeys.NEW_TOKENIZER.name() + ": bpe are not characters; remove it");
            }
            trainer.add(ASCII);
        } else {
            for (WeightedPath path : RunData.paths(recipe, RecipeKeys.TRAIN)) {
                if (RunData.hasChats(recipe)) {
                    ChatData.forEachContent(List.of(path.path()), trainer::add);
                } else {
                    RunData.source(recipe, path.path()).forEachPiece(trainer::add);
                }
            }
        }
        trainer.train().write(folder, template);
        return folder;
    }

    private static TokenizerTrainer trainer(Recipe recipe, boolean hasCharacters, SpecialTokens special)
            throws CheckpointException {
        try {
            return hasCharacters ? new CharacterTrainer(special)
                    : new BpeTrainer(Math.toIntExact(recipe.get(RecipeKeys.VOCAB_SIZE)), MIN_FREQUENCY, special);
        } catch (IllegalArgumentException e) {
            throw recipe.error(RecipeKeys.VOCAB_SIZE, "is too small: " + e.getMessage());
        }
    }

    /// The first token but `<unk>` ends texts; that of chats is the padding, too.
    private static SpecialTokens specialTokens(Recipe recipe) throws CheckpointException {
        List<String> all = recipe.get(RecipeKeys.SPECIAL_TOKENS);
        requireTokens(recipe, RecipeKeys.SPECIAL_TOKENS);
        requireTokens(recipe, RecipeKeys.ADDED_TOKENS);
        SpecialTokens tokens = SpecialTokens.of(all.toArray(String[]::new))
                .withVisible(recipe.get(RecipeKeys.ADDED_TOKENS));
        boolean hasEnd = false;
        for (String token : all) {
            if (token.equals(UNKNOWN)) {
                tokens = tokens.with(SpecialTokens.UNKNOWN, token);
            } else if (!hasEnd) {
                tokens = tokens.with(SpecialTokens.EOS, token);
                tokens = recipe.has(RecipeKeys.CHAT_TEMPLATE) ? tokens.with(SpecialTokens.PAD, token) : tokens;
                hasEnd = true;
            }
        }
        return tokens;
    }

    private static void requireTokens(Recipe recipe, RecipeKey<List<String>> key) throws CheckpointException {
        try {
            SpecialTokens.of(recipe.get(key).toArray(String[]::new));
        } catch (IllegalArgumentException e) {
            throw recipe.error(key, e.getMessage());
        }
    }

    /// @throws CheckpointException if the file cannot be read
    /// @throws glia.text.template.TemplateException if it is no template
    private static Optional<String> chatTemplate(Recipe recipe) throws CheckpointException {
        if (!recipe.has(RecipeKeys.CHAT_TEMPLATE)) {
            return Optional.empty();
        }
        Path file = recipe.path(RecipeKeys.CHAT_TEMPLATE, recipe.get(RecipeKeys.CHAT_TEMPLATE));
        try {
            String source = Files.readString(file);
            ChatTemplate.parse(file.toString(), source);
            return Optional.of(source);
        } catch (IOException e) {
            throw recipe.error(RecipeKeys.CHAT_TEMPLATE, "names " + file + ", which cannot be read: "
                    + FileErrors.reason(e));
        }
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
        requireTrained(recipe, RecipeKeys.MODEL.name() + " is a model that has a tokenizer already");
    }

    private static void requireTrained(Recipe recipe, String reason) throws CheckpointException {
        for (RecipeKey<?> key : List.of(RecipeKeys.NEW_TOKENIZER, RecipeKeys.CHAT_TEMPLATE)) {
            if (recipe.has(key)) {
                throw recipe.error(key, "is set, but " + reason);
            }
        }
    }
}
