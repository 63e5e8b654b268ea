package glia.engine;

import glia.engine.sampling.SamplingOptions;
import glia.engine.schedule.Scheduler;
import glia.engine.state.StateMemoryException;
import glia.io.CheckpointException;
import glia.io.gguf.GgufCheckpoint;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import glia.model.Model;
import glia.kernels.KernelBackends;
import glia.text.template.ChatTemplate;
import glia.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/// A language model, ready to use: weights, tokenizer, chat template and the threads that compute.
///
/// ```java
/// try (var model = LanguageModel.load("HuggingFaceTB/SmolLM2-135M-Instruct"); var chat = model.chat()) {
///     chat.stream("Why is the sky blue?", System.out::print);
/// }
/// ```
///
/// Any threads may hold conversations at the same time, each with a [Chat] or [Generator] of its own, or submit
/// requests to the scheduler.
public final class LanguageModel implements AutoCloseable {
    private final LoadedModel loaded;
    private final Tokenizer tokenizer;
    private final Optional<ChatTemplate> template;
    private final GenerationOptions options;

    private LanguageModel(LoadedModel loaded, Tokenizer tokenizer, Optional<ChatTemplate> template,
            GenerationOptions options) {
        this.loaded = loaded;
        this.tokenizer = tokenizer;
        this.template = template;
        this.options = options;
        loaded.limitVocabulary(tokenizer.vocabSize());
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
        LoadedModel loaded = LoadedModel.load(path, options, progress, true);
        try {
            TextLoader text = loaded.text().orElseThrow();
            SamplingOptions sampling = loaded.model().checkpoint() instanceof GgufCheckpoint gguf
                    ? GenerationConfig.sampling(gguf.metadata()) : GenerationConfig.sampling(TextLoader.folder(path));
            return new LanguageModel(loaded, text.tokenizer(), text.template(),
                    GenerationOptions.defaults().withSampling(sampling));
        } catch (CheckpointException | RuntimeException | Error e) {
            loaded.close();
            throw e;
        }
    }

    /// A conversation.
    ///
    /// @throws StateMemoryException later, when memory does not suffice for what it says
    public Chat chat() {
        return new Chat(this, new Generator(loaded, tokenizer));
    }

    /// Something to continue texts with, without a chat template.
    public Generator generator() {
        return new Generator(loaded, tokenizer);
    }

    /// What shares the model among requests, of any threads.
    public Scheduler scheduler() {
        return loaded.scheduler();
    }

    public Model model() {
        return loaded.model();
    }

    public Engine engine() {
        return loaded.engine();
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
        return loaded.contextLength();
    }

    /// How answers are made where nothing else is asked for: as the model's `generation_config.json` says, or
    /// [GenerationOptions#defaults].
    public GenerationOptions options() {
        return options;
    }

    /// Which kernels compute, and why not better ones.
    public KernelBackends.Choice kernels() {
        return loaded.kernels();
    }

    @Override
    public void close() {
        loaded.close();
    }
}
