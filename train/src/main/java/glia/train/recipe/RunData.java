package glia.train.recipe;

import glia.engine.ModelPictures;
import glia.io.CheckpointException;
import glia.model.spec.ModelSpec;
import glia.text.template.ChatTemplate;
import glia.text.tokenizer.Tokenizer;
import glia.train.data.ChatOptions;
import glia.train.data.HeldOut;
import glia.train.data.TextSource;
import glia.train.loss.TokenAccuracy;
import glia.train.recipe.RecipeKeys.Task;
import glia.train.run.LossBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// The data of a recipe as micro-batches with their losses.
///
/// @param training micro-batches of training
/// @param validation micro-batches of validation, with losses without regularizers
/// @param validationBatches how many of them; 0 for none
/// @param accuracy the loss of validation that counts right tokens, if it is one
/// @param memory what a micro-batch of training holds at most
/// @param prompts beginnings of texts, for distillation with generated text
/// @param rowsOfBatch rows of a micro-batch of training
/// @param rowsInEpoch rows of micro-batches that hold all training data once
/// @param tokensInEpoch training tokens of all files
/// @param notes what the user should know of the data, such as dropped examples
/// @param open files to close
record RunData(LossBatch.Source training, LossBatch.Source validation, int validationBatches,
        Optional<TokenAccuracy> accuracy, TaskRun.BatchMemory memory,
        Prompts prompts, int rowsOfBatch, long rowsInEpoch, long tokensInEpoch,
        List<String> notes, List<AutoCloseable> open) implements AutoCloseable {
    private static final int LEAST_VALIDATION = 5;

    /// What data are read for.
    ///
    /// @param folder of the run
    /// @param template the model's chat template, if it has one
    /// @param spec of the model
    /// @param context tokens of a sequence
    /// @param pictures how the model reads pictures, where chats may have some
    record Reader(Recipe recipe, RunFolder folder, Tokenizer tokenizer, Optional<ChatTemplate> template,
            ModelSpec spec, int context, Optional<ModelPictures> pictures) {
        /// For data without pictures.
        Reader(Recipe recipe, RunFolder folder, Tokenizer tokenizer, Optional<ChatTemplate> template, ModelSpec spec,
                int context) {
            this(recipe, folder, tokenizer, template, spec, context, Optional.empty());
        }

        /// How chats become sequences.
        ChatOptions chatOptions() throws CheckpointException {
            ChatOptions options = ChatOptions.of(context).with(recipe.get(RecipeKeys.TRUNCATE)
                    ? ChatOptions.Truncation.CUT : ChatOptions.Truncation.DROP);
            return pictures.isPresent() ? options.with(pictures.get()) : options;
        }

        int sequences() throws CheckpointException {
            return Math.toIntExact(recipe.get(RecipeKeys.SEQUENCES));
        }

        long seed() throws CheckpointException {
            return recipe.get(RecipeKeys.SEED);
        }

        List<Path> files(RecipeKey<List<String>> key) throws CheckpointException {
            List<Path> files = new ArrayList<>();
            for (WeightedPath path : paths(recipe, key)) {
                if (path.weight() != 1) {
                    throw recipe.error(key, "gives '" + path.path() + "' a weight, which only texts and chats may "
                            + "have");
                }
                files.add(path.path());
            }
            return files;
        }
    }

    /// Reads the data of a recipe.
    static RunData read(Reader reader) throws IOException {
        Recipe recipe = reader.recipe();
        return switch (Task.valueOf(recipe.get(RecipeKeys.TASK).toUpperCase(Locale.ROOT))) {
            case PRETRAIN, MASK, DIFFUSION -> TextTasks.read(reader);
            case DISTILL, SFT -> hasChats(recipe) ? ChatTasks.read(reader) : TextTasks.read(reader);
            case CLASSIFY -> ExampleTasks.labels(reader);
            case REWARD -> ExampleTasks.preferences(reader);
            case EMBED -> ExampleTasks.embeddings(reader);
        };
    }

    /// The share of examples that are kept for validation: a tenth unless the recipe says otherwise, but none of so few
    /// that they would say nothing.
    ///
    /// @param examples how many there are
    static double validationShare(Recipe recipe, long examples) throws CheckpointException {
        double share = recipe.get(RecipeKeys.VALIDATION_SHARE);
        return recipe.has(RecipeKeys.VALIDATION_SHARE) || share * examples >= LEAST_VALIDATION ? share : 0;
    }

    /// What is said of a split.
    static String splitNote(String what, HeldOut<?> parts) {
        return splitNote(what, parts.validation().isEmpty() ? Optional.empty() : Optional.of(parts.sentence()));
    }

    static String splitNote(String what, Optional<String> sentence) {
        return what + ": " + sentence.orElse("all for training, none for validation; data.validation names files "
                + "for it, data.validation_share keeps a share");
    }

    /// Whether training files hold chats.
    static boolean hasChats(Recipe recipe) throws CheckpointException {
        return recipe.isTask(Task.SFT)
                || recipe.isTask(Task.DISTILL) && recipe.get(RecipeKeys.FORMAT) == RecipeKeys.Format.CHATS;
    }

    /// The files of a key.
    static List<WeightedPath> paths(Recipe recipe, RecipeKey<List<String>> key) throws CheckpointException {
        List<WeightedPath> paths = new ArrayList<>();
        for (String written : recipe.get(key)) {
            paths.add(WeightedPath.parse(recipe, key, written));
        }
        if (paths.isEmpty()) {
            throw recipe.error(key, "names no file");
        }
        return paths;
    }

    static TextSource source(Recipe recipe, Path path) throws CheckpointException {
        return new TextSource(List.of(path), recipe.get(RecipeKeys.TEXT_KEY),
                recipe.get(RecipeKeys.SEPARATOR));
    }

    /// Prompts by micro-batch.
    @FunctionalInterface
    interface Prompts {
        List<int[]> batch(long index);
    }

    @Override
    public void close() {
        for (AutoCloseable file : open) {
            try {
                file.close();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
