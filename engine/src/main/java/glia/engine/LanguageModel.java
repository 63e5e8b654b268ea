package glia.engine;

import glia.engine.sampling.SamplingOptions;
import glia.engine.state.StateMemoryException;
import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufCheckpoint;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import glia.io.load.Checkpoints;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.choice.KernelSets;
import glia.text.template.ChatTemplate;
import glia.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/// A language model, ready to use: weights, tokenizer, chat template and the threads that compute.
///
/// ```java
/// try (var model = LanguageModel.load("HuggingFaceTB/SmolLM2-135M-Instruct"); var chat = model.chat()) {
///     chat.stream("Why is the sky blue?", System.out::print);
/// }
/// ```
///
/// For one thread at a time.
public final class LanguageModel implements AutoCloseable {
    private final Workers workers;
    private final KernelSets.Choice kernels;
    private final Model model;
    private final Engine engine;
    private final Tokenizer tokenizer;
    private final Optional<ChatTemplate> template;
    private final int contextLength;
    private final GenerationOptions options;

    private LanguageModel(Workers workers, KernelSets.Choice kernels, Model model, Engine engine, Tokenizer tokenizer,
            Optional<ChatTemplate> template, int contextLength, GenerationOptions options) {
        this.workers = workers;
        this.kernels = kernels;
        this.model = model;
        this.engine = engine;
        this.tokenizer = tokenizer;
        this.template = template;
        this.contextLength = contextLength;
        this.options = options;
    }

    /// Loads a model by what the command line takes for one: a path, or a name on the hub, from which it is pulled
    /// if the cache does not have it.
    ///
    /// @throws IOException if it cannot be had or used; the message says why
    public static LanguageModel load(String model) throws IOException {
        return load(new ModelLocator(HubSettings.fromEnvironment()).locate(model, Progress.NONE).path());
    }

    /// Loads a folder in the hub's layout or a GGUF file with the default options.
    ///
    /// @throws CheckpointException if the files cannot be used; the message says why
    public static LanguageModel load(Path path) throws CheckpointException {
        return load(path, LoadOptions.defaults());
    }

    /// Loads a folder in the hub's layout or a GGUF file.
    ///
    /// @throws CheckpointException if the files cannot be used; the message says why
    /// @throws IllegalArgumentException if the options ask for what the model or the machine does not have
    public static LanguageModel load(Path path, LoadOptions options) throws CheckpointException {
        return load(path, options, Progress.NONE);
    }

    /// The same, and tells where it takes more than a second.
    ///
    /// @throws CheckpointException if the files cannot be used; the message says why
    /// @throws IllegalArgumentException if the options ask for what the model or the machine does not have
    public static LanguageModel load(Path path, LoadOptions options, Progress progress) throws CheckpointException {
        Workers workers = new Workers(options.numThreads());
        Model model = null;
        try {
            FutureTask<KernelSets.Choice> choosing = choose(options, workers);
            Checkpoint checkpoint = Checkpoints.open(path);
            TextLoader text = TextLoader.start(path, checkpoint);
            model = ModelLoader.load(path, checkpoint);
            int context = contextLength(options, model);
            SamplingOptions sampling = checkpoint instanceof GgufCheckpoint ? SamplingOptions.defaults()
                    : GenerationConfig.sampling(TextLoader.folder(path));
            KernelSets.Choice kernels = await(choosing);
            Engine engine = new Engine(model, kernels.kernels(), options.precision(), stateLimitBytes(model),
                    context);
            warmUp(engine, kernels.kernels(), model, progress);
            return new LanguageModel(workers, kernels, model, engine, text.tokenizer(), text.template(), context,
                    GenerationOptions.defaults().withSampling(sampling));
        } catch (CheckpointException | RuntimeException | Error e) {
            if (model != null) {
                model.close();
            }
            workers.close();
            throw e;
        }
    }

    private static void warmUp(Engine engine, Kernels kernels, Model model, Progress progress) {
        var packing = new PackingProgress(progress, model.checkpoint().sizeBytes(), System::nanoTime);
        kernels.onConversion(packing);
        engine.warmUp();
        kernels.onConversion(_ -> { });
        packing.end();
    }

    /// Chooses kernels while the files are opened, since they test themselves.
    private static FutureTask<KernelSets.Choice> choose(LoadOptions options, Workers workers) {
        FutureTask<KernelSets.Choice> choosing =
                new FutureTask<>(() -> KernelSets.choose(options.kernels(), workers));
        Thread.ofPlatform().daemon().name("glia-kernels").start(choosing);
        return choosing;
    }

    private static KernelSets.Choice await(FutureTask<KernelSets.Choice> choosing) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return choosing.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    switch (e.getCause()) {
                        case RuntimeException known -> throw known;
                        case Error known -> throw known;
                        default -> throw new IllegalStateException(e.getCause());
                    }
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static int contextLength(LoadOptions options, Model model) {
        int most = model.spec().contextLength();
        if (options.contextLength() > most) {
            throw new IllegalArgumentException("a context of " + options.contextLength()
                    + " tokens was asked for; the model was made for at most " + most);
        }
        return options.contextLength() == 0 ? most : options.contextLength();
    }

    /// Four fifths of the machine's memory less the weights, at least 64 MiB.
    private static long stateLimitBytes(Model model) {
        return Math.max(64L << 20, MachineMemory.totalBytes() / 5 * 4 - model.checkpoint().sizeBytes());
    }

    /// A conversation.
    ///
    /// @throws StateMemoryException later, when memory does not suffice for what it says
    public Chat chat() {
        return new Chat(this, new Generator(engine, tokenizer, contextLength));
    }

    /// Something to continue texts with, without a chat template.
    public Generator generator() {
        return new Generator(engine, tokenizer, contextLength);
    }

    public Model model() {
        return model;
    }

    public Engine engine() {
        return engine;
    }

    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /// The model's chat template; without one it only continues texts.
    public Optional<ChatTemplate> template() {
        return template;
    }

    /// The most tokens of a conversation.
    public int contextLength() {
        return contextLength;
    }

    /// How answers are made where nothing else is asked for: as the model's `generation_config.json` says, or
    /// [GenerationOptions#defaults].
    public GenerationOptions options() {
        return options;
    }

    /// Which kernels compute, and why not better ones.
    public KernelSets.Choice kernels() {
        return kernels;
    }

    @Override
    public void close() {
        engine.close();
        workers.close();
        model.close();
    }
}
