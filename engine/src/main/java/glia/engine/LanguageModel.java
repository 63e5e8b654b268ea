package glia.engine;

import glia.engine.diffusion.DiffusionRun;
import glia.engine.grammar.GrammarVocabulary;
import glia.engine.load.LoadOptions;
import glia.engine.load.LoadedModel;
import glia.engine.load.TextLoader;
import glia.engine.pass.Engine;
import glia.engine.schedule.Scheduler;
import glia.engine.thinking.ModelThinking;
import glia.engine.thinking.ThinkingOptions;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.adapter.AdaptedModel;
import glia.text.template.ChatMessage;
import glia.text.template.ChatTemplate;
import glia.text.template.RenderOptions;
import glia.text.template.TemplateException;
import glia.text.thinking.Effort;
import glia.text.tokenizer.Tokenizer;
import glia.text.tool.ToolFormat;
import glia.text.tool.ToolTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;

/// A language model with weights, tokenizer, chat template and compute threads.
///
/// ```java
/// try (var model = LanguageModel.load("HuggingFaceTB/SmolLM2-135M-Instruct"); var chat = model.chat()) {
///     chat.stream("Why is the sky blue?", System.out::print);
/// }
/// ```
///
/// Any number of threads may generate at the same time, each with its own [Chat] or [Generator], or submit requests to
/// the scheduler.
public final class LanguageModel implements AutoCloseable {
    private final LoadedModel loaded;
    private final Tokenizer tokenizer;
    private final Optional<ChatTemplate> template;
    /// Why the template cannot be used, if so.
    private final Optional<TemplateException> templateError;
    private final GenerationOptions options;
    private final Optional<ModelScope> scope;
    /// The options of a text diffusion model's files; empty for other models.
    private final Optional<Config> diffusion;
    private final RenderOptions render;
    private final ModelThinking thinking;
    private final ModelPictures pictures;
    private final Path path;
    /// The number of the adapter of this view's requests; 0 for none.
    private final int adapter;
    private final Optional<String> system;
    /// Read when it is first needed.
    private volatile EffortRouter router;
    /// Found when it is first needed, since it takes renderings; null before.
    private volatile Optional<ToolTemplate> tools;
    /// Made when it is first needed.
    private volatile GrammarVocabulary grammarVocabulary;
    private final Map<ToolFormat, GrammarVocabulary> toolVocabularies = new ConcurrentHashMap<>();

    private LanguageModel(LoadedModel loaded, Tokenizer tokenizer, Optional<ChatTemplate> template,
            Optional<TemplateException> templateError, Path path) throws CheckpointException {
        this.path = path;
        this.adapter = 0;
        this.system = Optional.empty();
        this.loaded = loaded;
        this.tokenizer = tokenizer;
        this.template = template;
        this.templateError = templateError;
        this.render = RenderOptions.PROMPT.withToken("bos_token", piece(tokenizer, tokenizer.bos()))
                .withToken("eos_token", piece(tokenizer, tokenizer.eos()));
        this.thinking = new ModelThinking(tokenizer, template, render);
        this.pictures = new ModelPictures(path, loaded.engine(), work -> () -> scheduler().inTurn("", work),
                tokenizer);
        this.options = GenerationConfig.options(path, loaded.model(), template, thinking.format().isPresent());
        this.scope = ModelScope.of(path, loaded.model().checkpoint());
        this.diffusion = loaded.model().spec().diffusion().isEmpty() ? Optional.empty()
                : Optional.of(GenerationConfig.diffusion(path));
        loaded.limitVocabulary(tokenizer.vocabSize());
    }

    private LanguageModel(LanguageModel base, int adapter, GenerationOptions options, Optional<String> system) {
        path = base.path;
        this.adapter = adapter;
        this.system = system;
        loaded = base.loaded;
        tokenizer = base.tokenizer;
        template = base.template;
        templateError = base.templateError;
        this.options = options;
        scope = base.scope;
        diffusion = base.diffusion;
        render = base.render;
        thinking = base.thinking;
        pictures = base.pictures;
    }

    private static String piece(Tokenizer tokenizer, OptionalInt id) {
        return id.isPresent() ? tokenizer.piece(id.getAsInt()) : "";
    }

    /// Loads a model by its path or its name on the hub, from which it is pulled unless the cache has it.
    ///
    /// @throws IOException if it cannot be pulled or used; the message says why
    public static LanguageModel load(String model) throws IOException {
        return load(new ModelLocator(HubSettings.fromEnvironment()).locate(model, Progress.NONE).path());
    }

    /// The same as [#load(Path, LoadOptions)] with the default options.
    public static LanguageModel load(Path path) throws CheckpointException {
        return load(path, LoadOptions.defaults());
    }

    /// Loads a folder in the hub's layout, a GGUF file, or the folder of an adapter with the base that it names.
    ///
    /// @throws CheckpointException if the files cannot be used; the message says why
    /// @throws IllegalArgumentException if the model or the machine does not support an option
    public static LanguageModel load(Path path, LoadOptions options) throws CheckpointException {
        return load(path, options, Progress.NONE);
    }

    /// The same as [#load(Path, LoadOptions)] with progress reports when it takes more than a second.
    public static LanguageModel load(Path path, LoadOptions options, Progress progress) throws CheckpointException {
        return load(path, options, Map.of(), progress);
    }

    /// The same with several adapters (LoRA) over one copy of the weights, of which each request has one or none, and
    /// which are computed together. `withAdapter` returns the model with one of them.
    ///
    /// @param adapters folders as PEFT saves them, by the adapters' names
    /// @throws CheckpointException if the files cannot be used; the message says why
    /// @throws IllegalArgumentException if the model or the machine does not support an option, or an adapter cannot be
    ///     computed together with others
    public static LanguageModel load(Path path, LoadOptions options, Map<String, Path> adapters, Progress progress)
            throws CheckpointException {
        AdaptedModel files = AdaptedModel.of(path, progress);
        LoadedModel loaded = LoadedModel.load(files.base(), options.with(files), adapters, progress, true);
        try {
            TextLoader text = loaded.text().orElseThrow();
            Tokenizer tokenizer = text.tokenizer();
            if (loaded.drafter().isPresent()) {
                text.requireSame(loaded.drafter().get().text().orElseThrow());
            }
            try {
                return new LanguageModel(loaded, tokenizer, text.template(), Optional.empty(), files.base());
            } catch (TemplateException e) {
                return new LanguageModel(loaded, tokenizer, Optional.empty(), Optional.of(e), files.base());
            }
        } catch (CheckpointException | RuntimeException | Error e) {
            loaded.close();
            throw e;
        }
    }

    /// A new conversation.
    ///
    /// @throws IllegalStateException if the model is closed
    /// @throws TemplateException if the model's chat template cannot be parsed
    public Chat chat() {
        template();
        return new Chat(this, generator());
    }

    /// A new generator, which continues texts without a chat template.
    ///
    /// @throws IllegalStateException if the model is closed
    public Generator generator() {
        return new Generator(loaded, tokenizer, this::grammarVocabulary, adapter, diffusion());
    }

    /// What generates answers of a text diffusion model; empty for other models, or an error if this is closed.
    public Optional<DiffusionRun> diffusion() {
        Engine engine = engine();
        return diffusion.map(config -> new DiffusionRun(engine, tokenizer, config, tokenizer.vocabSize(),
                contextLength()));
    }

    /// A view of this model whose requests have an adapter that it was loaded with. All views share weights and
    /// scheduler; closing one does nothing.
    ///
    /// @throws IllegalArgumentException if there is no adapter of this name
    /// @throws IllegalStateException if the model is closed
    public LanguageModel withAdapter(String name) {
        loaded.requireOpen();
        return new LanguageModel(this, loaded.choices().orElseThrow(() -> new IllegalArgumentException("no adapter '"
                + name + "': the model was loaded without adapters")).number(name), options, system);
    }

    /// This model, which it replaces, with other options and a system prompt where a request has none.
    public LanguageModel withDefaults(GenerationOptions others, Optional<String> systemPrompt) {
        loaded.requireOpen();
        return new LanguageModel(this, adapter, others, systemPrompt);
    }

    /// The system prompt of conversations without one.
    public Optional<String> system() {
        return system;
    }

    /// The number of the adapter for `GenerationRequest`; 0 for none.
    public int adapter() {
        return adapter;
    }

    /// Sets the most memory that the KV caches of all requests take together. Cached prefixes beyond it are dropped at
    /// once, and running requests are preempted when they need more. Waits for the current step.
    ///
    /// @throws IllegalStateException if the model is closed
    public void limitState(long bytes) {
        loaded.limitState(bytes);
    }

    /// The folder or file that it was loaded from.
    public Path path() {
        return path;
    }

    /// The scheduler of all requests.
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

    /// The vocabulary for [glia.engine.grammar.Grammar#mask], made at the first call.
    public GrammarVocabulary grammarVocabulary() {
        GrammarVocabulary known = grammarVocabulary;
        if (known == null) {
            synchronized (this) {
                known = grammarVocabulary;
                if (known == null) {
                    known = GrammarVocabulary.of(tokenizer);
                    grammarVocabulary = known;
                }
            }
        }
        return known;
    }

    /// The vocabulary for [glia.engine.tool.ToolMasks#mask], made at the first call: markers that are special tokens
    /// have a text.
    ///
    /// @param format the syntax in the model's chat template
    public GrammarVocabulary grammarVocabulary(ToolFormat format) {
        return toolVocabularies.computeIfAbsent(format, key -> {
            boolean hasMarkers = IntStream.range(0, tokenizer.vocabSize())
                    .anyMatch(id -> tokenizer.isSpecial(id) && key.isMarker(tokenizer.piece(id)));
            return hasMarkers ? GrammarVocabulary.of(tokenizer, key::isMarker) : grammarVocabulary();
        });
    }

    /// The model's chat template. A model without one only continues texts.
    ///
    /// @throws TemplateException if it cannot be parsed
    public Optional<ChatTemplate> template() {
        if (templateError.isPresent()) {
            throw templateError.get();
        }
        return template;
    }

    /// The variables with which the template renders a prompt: a generation prompt, `bos_token` and `eos_token`.
    public RenderOptions renderOptions() {
        return render;
    }

    /// The markers of the model's thinking and how its template switches it.
    public ModelThinking thinking() {
        return thinking;
    }

    /// How the model reads pictures.
    public ModelPictures pictures() {
        return pictures;
    }

    /// How the template takes tool calls; empty for models without a template.
    ///
    /// @throws TemplateException if the template cannot be parsed
    public Optional<ToolTemplate> tools() {
        Optional<ToolTemplate> known = tools;
        if (known == null) {
            known = template().map(source -> ToolTemplate.of(source, render));
            tools = known;
        }
        return known;
    }

    /// Options in which a router has replaced [Effort#AUTO] by the effort for the conversation's last message.
    ///
    /// @param conversation its last message is the user's
    /// @throws IllegalArgumentException if the effort is `auto` and the model has no router, or an unsuitable one
    public ThinkingOptions routed(List<ChatMessage> conversation, ThinkingOptions options) {
        if (!options.effort().equals(Optional.of(Effort.AUTO))) {
            return options;
        }
        Effort effort = router().choose(EffortRouter.features(this, conversation.getLast().content()));
        // A router may choose not to think where the options want a least number of tokens.
        return options.withEffort(effort == Effort.INSTANT && options.minTokens() > 0 ? Effort.LOW : effort);
    }

    /// Checks that the model can think as options say.
    ///
    /// @throws IllegalArgumentException if it does not think, or has no router for the effort `auto`
    public void requireThinking(ThinkingOptions options) {
        if (!options.isDefault()) {
            thinking.template();
        }
        if (options.effort().equals(Optional.of(Effort.AUTO))) {
            router();
        }
    }

    private EffortRouter router() {
        thinking.template();
        EffortRouter known = router;
        if (known == null) {
            Path file = EffortRouter.file(path);
            if (!Files.exists(file)) {
                throw new IllegalArgumentException("effort auto: the model has no router: there is no file " + file
                        + "; train one with glia reason router MODEL --task TASK, or use another effort");
            }
            try {
                known = EffortRouter.read(file);
            } catch (CheckpointException e) {
                throw new IllegalArgumentException("effort auto: " + e.getMessage(), e);
            }
            router = known;
        }
        return known;
    }

    /// The most tokens that a token attends to.
    public int contextLength() {
        return loaded.contextLength();
    }

    /// The most tokens of a conversation: the context, or more where a cache policy drops tokens.
    public int mostTokens() {
        return loaded.mostTokens();
    }

    /// The default options of all front ends, see [GenerationConfig].
    public GenerationOptions options() {
        return options;
    }

    /// What it can do, if that is little.
    public Optional<ModelScope> scope() {
        return scope;
    }

    /// The kernel backend and why no better one was chosen.
    public KernelBackends.Choice kernels() {
        return loaded.kernels();
    }

    /// Ends all requests with [glia.engine.schedule.Finish#CANCELLED], waits for passes of other threads and unmaps the
    /// weights. Later calls do nothing.
    ///
    /// @throws IllegalStateException if a token listener or a sampler calls it
    @Override
    public void close() {
        if (adapter == 0) {
            loaded.close();
        }
    }
}
