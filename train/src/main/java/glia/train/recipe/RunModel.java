package glia.train.recipe;

import glia.engine.load.MachineMemory;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.Folders;
import glia.model.FreshModel;
import glia.model.Initialization;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.NewHead;
import glia.model.adapter.AdapterConfig;
import glia.model.adapter.AdapterHead;
import glia.model.adapter.Adapters;
import glia.model.adapter.ModuleNames;
import glia.model.family.Families;
import glia.model.fresh.NewModels;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.write.ModelWriter;
import glia.tensor.Precision;
import glia.tensor.autograd.DropoutRates;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.IndexerTraining;
import glia.tensor.ops.Weight;
import glia.text.tokenizer.Tokenizer;
import glia.text.tokenizer.TokenizerFiles;
import glia.train.checkpoint.CheckpointStore.Saved;
import glia.train.checkpoint.TrainedModel;
import glia.train.recipe.RecipeKeys.AdapterKind;
import glia.train.recipe.RecipeKeys.Task;
import glia.train.recipe.RecipeKeys.TrainingPrecision;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/// The model that a run trains, in F32, with its trainable weights.
final class RunModel implements AutoCloseable {
    private static final long HASHED_BYTES = 1 << 30;
    private static final String GENERATION = "generation_config.json";

    private final Model base;
    private final Model model;
    private final Optional<Adapters> adapters;
    private final Predicate<Weight> trainable;
    private final TrainedModel content;

    private RunModel(Model model, Predicate<Weight> trainable) {
        this.base = model;
        this.model = model;
        this.adapters = Optional.empty();
        this.trainable = trainable;
        this.content = TrainedModel.of(model);
    }

    private RunModel(Adapters adapters) {
        this.base = adapters.base();
        this.model = adapters.attach();
        this.adapters = Optional.of(adapters);
        this.trainable = adapters::contains;
        this.content = TrainedModel.of(adapters);
    }

    /// Whether a recipe begins with new weights.
    static boolean isNew(Recipe recipe) {
        return recipe.has(RecipeKeys.CONFIG) || recipe.has(RecipeKeys.NEW);
    }

    /// The config of a recipe's new model.
    ///
    /// @param tokenizer has the vocabulary, and the mask of a model with masks
    static Config config(Recipe recipe, Tokenizer tokenizer) throws CheckpointException {
        Config config;
        if (recipe.has(RecipeKeys.NEW)) {
            Map<String, Object> sizes = new LinkedHashMap<>(recipe.get(RecipeKeys.NEW));
            Object family = sizes.remove("family");
            if (!(family instanceof String source)) {
                throw recipe.error(RecipeKeys.NEW, "has no family, such as llama, or the path of a .yaml or .json "
                        + "file");
            }
            boolean isFile = source.contains(".");
            if (!isFile) {
                sizes.put("vocab", tokenizer.vocabSize());
            }
            try {
                config = NewModels.config(isFile ? recipe.path(RecipeKeys.NEW, source).toString() : source, sizes);
            } catch (IllegalArgumentException e) {
                throw recipe.error(RecipeKeys.NEW, "does not describe a model: " + e.getMessage());
            }
        } else {
            config = recipe.config(RecipeKeys.CONFIG);
        }
        return withMask(recipe, config.with("vocab_size", tokenizer.vocabSize()), tokenizer);
    }

    private static Config withMask(Recipe recipe, Config config, Tokenizer tokenizer) throws CheckpointException {
        if (!config.has("mask_token_id")) {
            return config;
        }
        if (tokenizer.mask().isEmpty() && recipe.isTask(Task.DIFFUSION)) {
            throw recipe.error(RecipeKeys.SPECIAL_TOKENS, "has no mask token, which the new model needs: add <mask>");
        }
        return tokenizer.mask().isEmpty() ? config : config.with("mask_token_id", tokenizer.mask().getAsInt());
    }

    /// How new weights are drawn.
    static Initialization initialization(Recipe recipe) throws CheckpointException {
        return switch (recipe.get(RecipeKeys.INIT)) {
            case DEFAULT -> Initialization.DEFAULT;
            case GPT2 -> Initialization.GPT2;
            case MUP -> new Initialization.MaximalUpdate(Math.toIntExact(recipe.get(RecipeKeys.BASE_WIDTH)));
        };
    }

    /// Writes a new model and its tokenizer, from which the run then loads.
    ///
    /// @param tokenizerFolder whose tokenizer files are copied
    static void writeStart(Recipe recipe, Config config, Path tokenizerFolder, Path folder) throws IOException {
        Folders.delete(folder);
        MachineMemory.requireWeights(Families.spec(config));
        try (Model fresh = FreshModel.create(config, initialization(recipe), recipe.get(RecipeKeys.SEED))) {
            ModelWriter.write(fresh, folder);
            NewModels.writeProcessor(config, folder);
        }
        TokenizerFiles.copy(tokenizerFolder, folder);
        Path generation = tokenizerFolder.resolve(GENERATION);
        if (Files.isRegularFile(generation)) {
            Files.copy(generation, folder.resolve(GENERATION));
        }
    }

    /// Loads the model.
    ///
    /// @param start folder or file of the model before the first update
    /// @param head the classification head that the model gets unless it has one
    /// @param last the checkpoint to continue from
    static RunModel load(Recipe recipe, Path start, Optional<NewHead> head, Optional<Saved> last)
            throws CheckpointException {
        if (recipe.get(RecipeKeys.ADAPTER) != AdapterKind.NONE) {
            return withAdapters(recipe, start, head, last);
        }
        Model model = head.isPresent() && last.isEmpty() ? ModelLoader.load(start, head.get(), p -> true)
                : ModelLoader.load(last.map(Saved::folder).orElse(start), p -> true);
        try {
            return new RunModel(model, trainable(recipe, model));
        } catch (CheckpointException | RuntimeException e) {
            model.close();
            throw e;
        }
    }

    /// A model with adapters. A new head is trained as a whole and saved with them, as PEFT does.
    private static RunModel withAdapters(Recipe recipe, Path start, Optional<NewHead> head, Optional<Saved> last)
            throws CheckpointException {
        if (last.isPresent()) {
            return new RunModel(AdapterHead.load(start, last.get().folder()));
        }
        Model model = head.isPresent() ? ModelLoader.load(start, head.get(), p -> false) : ModelLoader.load(start);
        try {
            return new RunModel(Adapters.create(model, adapterConfig(recipe, start, model),
                    recipe.get(RecipeKeys.SEED)));
        } catch (IllegalArgumentException e) {
            model.close();
            throw recipe.error(RecipeKeys.TARGETS, e.getMessage());
        } catch (CheckpointException | RuntimeException e) {
            model.close();
            throw e;
        }
    }

    private static AdapterConfig adapterConfig(Recipe recipe, Path start, Model model) throws CheckpointException {
        List<String> targets = recipe.get(RecipeKeys.TARGETS);
        boolean isOnHub = recipe.has(RecipeKeys.MODEL)
                && !Files.exists(recipe.path(RecipeKeys.MODEL, recipe.get(RecipeKeys.MODEL)));
        AdapterConfig config = AdapterConfig.defaults()
                .withBase(isOnHub ? recipe.get(RecipeKeys.MODEL) : start.toAbsolutePath().normalize().toString())
                .withRank(Math.toIntExact(recipe.get(RecipeKeys.RANK)), recipe.get(RecipeKeys.ALPHA))
                .withDropout(recipe.get(RecipeKeys.ADAPTER_DROPOUT))
                .with(switch (recipe.get(RecipeKeys.ADAPTER)) {
                    case NONE, LORA -> AdapterConfig.Variant.LORA;
                    case RSLORA -> AdapterConfig.Variant.RSLORA;
                    case DORA -> AdapterConfig.Variant.DORA;
                })
                .withTargets(targets.size() == 1 ? ModuleNames.parse(targets.getFirst())
                        : ModuleNames.of(targets.toArray(String[]::new)))
                .withParameters(recipe.get(RecipeKeys.PARAMETERS));
        if (recipe.isTask(Task.CLASSIFY) || recipe.isTask(Task.REWARD)) {
            return config.withTask(AdapterHead.TEXTS).withModulesToSave(AdapterHead.modules(model));
        }
        return RunStart.extensionHead(recipe).isEmpty() ? config
                : config.withTask(AdapterHead.TOKENS).withModulesToSave(AdapterHead.modules(model));
    }

    private static Predicate<Weight> trainable(Recipe recipe, Model model) throws CheckpointException {
        List<Pattern> frozen = new ArrayList<>();
        for (String regex : recipe.find(RecipeKeys.FREEZE).orElse(List.of())) {
            try {
                frozen.add(Pattern.compile(regex));
            } catch (PatternSyntaxException e) {
                throw recipe.error(RecipeKeys.FREEZE, "has '" + regex + "', which is no regular expression: "
                        + e.getDescription());
            }
        }
        Set<Weight> chosen = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Pattern pattern : frozen) {
            Stream<String> names = model.sources().keySet().stream().map(model::storedName);
            if (names.noneMatch(n -> pattern.matcher(n).find())) {
                throw recipe.error(RecipeKeys.FREEZE, "has '" + pattern + "', which no tensor of the model has in its "
                        + "name; one is " + model.sources().keySet().stream().map(model::storedName).findFirst()
                        .orElse("none"));
            }
        }
        for (Parameter p : model.sources().keySet()) {
            if (frozen.stream().noneMatch(f -> f.matcher(model.storedName(p)).find())) {
                chosen.add(model.weights().get(p));
            }
        }
        if (chosen.isEmpty()) {
            throw recipe.error(RecipeKeys.FREEZE, "freezes all tensors of the model");
        }
        return chosen::contains;
    }

    Model model() {
        return model;
    }

    Predicate<Weight> trainable() {
        return trainable;
    }

    /// The most tokens of a training sequence.
    static int context(Recipe recipe, ModelSpec spec) throws CheckpointException {
        long context = recipe.find(RecipeKeys.CONTEXT).orElse((long) spec.contextLength());
        if (context > spec.contextLength()) {
            throw recipe.error(RecipeKeys.CONTEXT, "is " + context + ", more than the model's context of "
                    + spec.contextLength() + "; give " + spec.contextLength() + " or less");
        }
        return (int) context;
    }

    /// Checks that a task can train a model.
    static void requireTask(Recipe recipe, ModelSpec spec) throws CheckpointException {
        if (spec.encoder().isPresent() && !recipe.isTask(RecipeKeys.Task.SFT)) {
            throw recipe.error(RecipeKeys.TASK, "is " + recipe.get(RecipeKeys.TASK) + ", but the model is an "
                    + "encoder-decoder; use sft, with a \"prompt\" and a \"completion\" in each line");
        }
        Task own = spec.diffusion().isPresent() ? Task.DIFFUSION : Task.MASK;
        if (spec.looksAhead() && Stream.of(own, Task.CLASSIFY, Task.REWARD, Task.EMBED)
                .map(RecipeKey::word).noneMatch(recipe.get(RecipeKeys.TASK)::equals)) {
            throw recipe.error(RecipeKeys.TASK, "is " + recipe.get(RecipeKeys.TASK) + ", but the model is "
                    + (own == Task.MASK ? "an encoder" : "a text diffusion model")
                    + ", which sees the tokens to be predicted; use " + RecipeKey.word(own));
        }
    }

    /// The adapters; empty if the model's own weights are trained.
    Optional<Adapters> adapters() {
        return adapters;
    }

    /// A hash of the weights that are trained, by which ranks know that theirs are the same.
    String fingerprint() {
        Stream<? extends Weight> weights = adapters.isPresent() ? adapters.get().trainable().values().stream()
                : model.sources().keySet().stream().map(model.weights()::get).filter(trainable);
        CRC32C hash = new CRC32C();
        weights.forEach(w -> {
            if (w instanceof Weight.Stored stored) {
                MemorySegment memory = stored.tensor().memory();
                for (long at = 0; at < memory.byteSize(); at += HASHED_BYTES) {
                    hash.update(memory.asSlice(at, Math.min(HASHED_BYTES, memory.byteSize() - at)).asByteBuffer());
                }
            }
        });
        return "CRC-32C %08x".formatted(hash.getValue());
    }

    /// What checkpoints store.
    TrainedModel content() {
        return content;
    }

    @Override
    public void close() {
        adapters.ifPresent(Adapters::close);
        base.close();
    }

    /// A pass of the model.
    ///
    /// @throws CheckpointException if the model cannot be trained with the precision or the dropout of the recipe
    TrainingPass pass(Recipe recipe, TrainingOptions options, Kernels kernels) throws CheckpointException {
        try {
            return TrainingPass.of(model, kernels, options);
        } catch (IllegalArgumentException e) {
            RecipeKey<?> key = recipe.has(RecipeKeys.INDEXERS) ? RecipeKeys.INDEXERS
                    : recipe.get(RecipeKeys.PRECISION) == TrainingPrecision.FP8 ? RecipeKeys.PRECISION
                    : RecipeKeys.ADAPTER_DROPOUT;
            throw recipe.error(key, "does not fit the model: " + e.getMessage());
        }
    }

    /// How passes of training compute.
    static TrainingOptions passOptions(Recipe recipe) throws CheckpointException {
        TrainingPrecision precision = recipe.get(RecipeKeys.PRECISION);
        TrainingOptions options = TrainingOptions.defaults()
                .with(precision == TrainingPrecision.F32 ? Precision.EXACT : Precision.HALF)
                .withCheckpoints(Math.toIntExact(recipe.get(RecipeKeys.CHECKPOINT_SUBLAYERS)))
                .withDropout(DropoutRates.of(recipe.get(RecipeKeys.DROPOUT), recipe.get(RecipeKeys.SEED))
                        .withAdapters(recipe.get(RecipeKeys.ADAPTER_DROPOUT)));
        if (recipe.has(RecipeKeys.INDEXERS)) {
            options = options.with(new IndexerTraining(recipe.get(RecipeKeys.INDEXERS)));
        }
        return precision == TrainingPrecision.FP8 ? options.withFloat8() : options;
    }
}
