package glia.train.recipe;

import glia.engine.ModelPictures;
import glia.engine.pass.Engine;
import glia.engine.training.TrainingOptions;
import glia.io.CheckpointException;
import glia.model.Model;
import glia.model.adapter.Adapters;
import glia.tensor.kernel.Kernels;
import glia.text.template.ChatTemplate;
import glia.text.tokenizer.Tokenizer;
import glia.train.data.ChatOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// What the task of a recipe is opened with.
///
/// @param folder of the run
/// @param start folder or file of the model before the first update
/// @param tokenizer of the model
/// @param template the model's chat template, if it has one
/// @param model that is trained, with its adapters
/// @param adapters that are trained; empty if the model's own weights are
/// @param options of the training pass
/// @param engine of the same model, for generation between passes: it sees each update of the weights
/// @param context most tokens of a sequence
/// @param models finds other models by path or hub name
public record TaskContext(Recipe recipe, RunFolder folder, Path start, Tokenizer tokenizer,
        Optional<ChatTemplate> template, Model model, Optional<Adapters> adapters, TrainingOptions options,
        Kernels kernels, Engine engine, int context, RecipeRun.ModelPaths models) {
    /// The random seed of everything.
    public long seed() throws CheckpointException {
        return recipe.get(RecipeKeys.SEED);
    }

    /// Sequences of a micro-batch.
    public int sequences() throws CheckpointException {
        return Math.toIntExact(recipe.get(RecipeKeys.SEQUENCES));
    }

    /// The share of training examples that are kept for validation.
    ///
    /// @param examples how many there are
    public double validationShare(long examples) throws CheckpointException {
        return RunData.validationShare(recipe, examples);
    }

    /// The files of a key such as [RecipeKeys#TRAIN], relative to the recipe.
    ///
    /// @throws CheckpointException if there is none, or one has a weight, which only texts and chats may have
    public List<Path> files(RecipeKey<List<String>> key) throws CheckpointException {
        return reader().files(key);
    }

    /// What reads data for the model.
    RunData.Reader reader() {
        return new RunData.Reader(recipe, folder, tokenizer, template, model.spec(), context, Optional.of(pictures()));
    }

    /// How the model reads pictures.
    public ModelPictures pictures() {
        return ModelPictures.of(start, engine, tokenizer);
    }

    /// How chats become sequences of the model.
    public ChatOptions chatOptions() throws CheckpointException {
        return reader().chatOptions();
    }

    /// The model before the first update, frozen: that without the adapters, or a copy.
    public FrozenModel reference() throws CheckpointException {
        return adapters.isPresent() ? FrozenModel.shared(adapters.get().base(), kernels, options)
                : FrozenModel.load(start, kernels, options);
    }

    /// The model that a key names, frozen. It must have the same vocabulary.
    ///
    /// @throws IOException if it is not found or cannot be loaded
    public FrozenModel frozen(RecipeKey<String> key) throws IOException {
        FrozenModel other = FrozenModel.load(RunStart.path(recipe, key, models), kernels, options);
        int size = other.model().spec().vocabSize();
        if (size != model.spec().vocabSize()) {
            other.close();
            throw recipe.error(key, "has a vocabulary of " + size + " tokens, the model one of "
                    + model.spec().vocabSize() + "; they need the same tokenizer");
        }
        return other;
    }
}
