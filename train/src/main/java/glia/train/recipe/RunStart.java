package glia.train.recipe;

import glia.engine.load.TextLoader;
import glia.io.CheckpointException;
import glia.io.file.Folders;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.NewHead;
import glia.model.spec.ModelSpec;
import glia.model.spec.RopeChange;
import glia.model.write.ModelWriter;
import glia.tensor.kernel.Kernels;
import glia.text.template.ChatTemplate;
import glia.text.tokenizer.Tokenizer;
import glia.train.recipe.RecipeKeys.Task;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// The model that a run starts from, with tokenizer and chat template. Weights stay in the file.
///
/// @param template the model's chat template, if it has one
record RunStart(Model model, Tokenizer tokenizer, Optional<ChatTemplate> template) implements AutoCloseable {
    /// The model before the first update.
    static Path locate(Recipe recipe, RunFolder folder, RecipeRun.ModelPaths models, boolean resume,
            Kernels kernels) throws IOException {
        if (!RunModel.isNew(recipe)) {
            RunTokenizer.requireNone(recipe);
            String name = recipe.get(RecipeKeys.MODEL);
            Optional<RecipeExtension.ModelGenerator> maker = RecipeExtensions.models().stream()
                    .filter(m -> name.startsWith(m.prefix() + ":")).findFirst();
            if (maker.isPresent()) {
                return made(recipe, maker.get(), folder, resume, kernels);
            }
            Path path = path(recipe, RecipeKeys.MODEL, models);
            return recipe.has(RecipeKeys.ROPE_SCALING) ? scaled(recipe, path, folder, resume) : path;
        }
        if (recipe.has(RecipeKeys.MODEL)) {
            throw recipe.error(RecipeKeys.MODEL, "is set, and so are the sizes of a new model: remove one of them");
        }
        if (!resume || !Files.isDirectory(folder.start())) {
            Optional<Path> existing = recipe.has(RecipeKeys.TOKENIZER)
                    ? Optional.of(path(recipe, RecipeKeys.TOKENIZER, models)) : Optional.empty();
            Path tokenizer = RunTokenizer.folder(recipe, existing, folder.tokenizer());
            RunModel.writeStart(recipe, RunModel.config(recipe, Tokenizer.load(tokenizer)), tokenizer, folder.start());
        }
        return folder.start();
    }

    private static Path made(Recipe recipe, RecipeExtension.ModelGenerator maker, RunFolder folder, boolean resume,
            Kernels kernels) throws IOException {
        if (!resume || !Files.isDirectory(folder.start())) {
            Folders.delete(folder.start());
            try {
                maker.write(recipe.get(RecipeKeys.MODEL).substring(maker.prefix().length() + 1), folder.start(),
                        kernels);
            } catch (IllegalArgumentException e) {
                throw recipe.error(RecipeKeys.MODEL, "does not describe a model: " + e.getMessage());
            }
        }
        return folder.start();
    }

    /// A copy of a model with another scaling of its rotary positions.
    private static Path scaled(Recipe recipe, Path path, RunFolder folder, boolean resume) throws IOException {
        if (!resume || !Files.isDirectory(folder.start())) {
            Folders.delete(folder.start());
            RopeChange.Kind kind = RopeChange.Kind.valueOf(recipe.get(RecipeKeys.ROPE_SCALING).name());
            OptionalInt original = recipe.find(RecipeKeys.ROPE_ORIGINAL).map(c -> OptionalInt.of(Math.toIntExact(c)))
                    .orElse(OptionalInt.empty());
            try (Model model = ModelLoader.load(path)) {
                ModelWriter.write(model.with(new RopeChange(kind, recipe.get(RecipeKeys.ROPE_SCALE), original)),
                        folder.start());
            } catch (IllegalArgumentException e) {
                throw recipe.error(RecipeKeys.ROPE_SCALING, "does not fit the model: " + e.getMessage());
            }
        }
        return folder.start();
    }

    /// @param path a folder in the hub's layout or a GGUF file
    static RunStart load(Path path) throws CheckpointException {
        Model model = ModelLoader.load(path);
        try {
            TextLoader text = TextLoader.start(path, model.checkpoint());
            return new RunStart(model, text.tokenizer(), text.template());
        } catch (CheckpointException | RuntimeException e) {
            model.close();
            throw e;
        }
    }

    ModelSpec spec() {
        return model.spec();
    }

    /// The head of a classifier or reward model, unless the model has one.
    Optional<NewHead> newHead(Recipe recipe) throws IOException {
        if (spec().head().classes().isPresent()) {
            return Optional.empty();
        }
        if (recipe.isTask(Task.CLASSIFY)) {
            return Optional.of(new NewHead(ExampleTasks.labels(recipe, tokenizer, spec().contextLength()),
                    recipe.get(RecipeKeys.SEED)));
        }
        List<String> labels = recipe.isTask(Task.REWARD) ? List.of("reward") : extensionHead(recipe);
        return labels.isEmpty() ? Optional.empty() : Optional.of(new NewHead(labels, recipe.get(RecipeKeys.SEED)));
    }

    /// The labels of a head that an extension's task trains.
    static List<String> extensionHead(Recipe recipe) throws CheckpointException {
        String task = recipe.get(RecipeKeys.TASK);
        return RecipeExtensions.of(task).map(e -> e.head(task)).orElse(List.of());
    }

    /// The model that a key names: beside the recipe, or a path or hub name.
    static Path path(Recipe recipe, RecipeKey<String> key, RecipeRun.ModelPaths models) throws IOException {
        String name = recipe.get(key);
        Path beside = recipe.path(key, name);
        return Files.exists(beside) ? beside : models.find(name);
    }

    @Override
    public void close() {
        model.close();
    }
}
