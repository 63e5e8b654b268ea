package glia.engine.load;

import glia.engine.draft.DraftTokens;
import glia.engine.draft.Drafter;
import glia.engine.draft.Drafting;
import glia.engine.pass.Engine;
import glia.engine.runner.Runners;
import glia.engine.schedule.DecodeState;
import glia.engine.schedule.ModelRunner;
import glia.engine.schedule.Scheduler;
import glia.engine.schedule.SchedulerOptions;
import glia.engine.state.Sequence;
import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.hub.Progress;
import glia.io.load.Checkpoints;
import glia.io.packed.PackedCopy;
import glia.io.packed.PackedFolder;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.adapter.AdaptedModel;
import glia.model.adapter.AdapterHead;
import glia.model.adapter.AdapterSet;
import glia.model.adapter.Adapters;
import glia.model.block.Pass;
import glia.tensor.kernel.Workers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A loaded model: weights, an engine and its threads; [glia.engine.LanguageModel] adds a tokenizer. Any thread may
/// submit requests to its scheduler; all else is for one thread at a time.
public final class LoadedModel implements AutoCloseable {
    /// Up to so many threads, the tokenizer and the JIT compiler keep all processors busy during loading.
    private static final int FEW_THREADS = 2;

    private final Workers workers;
    private final KernelBackends.Choice kernels;
    private final Model model;
    /// The adapters of which `model` is a view, if there are any.
    private final Optional<Adapters> adapters;
    /// The adapters of which each request has one or none, if there are any; `model` is a view of them then.
    private final Optional<AdapterSet> choices;
    private final Engine engine;
    private final PackedCopy packedCopy;
    private final Optional<TextLoader> text;
    private final int contextLength;
    private final Drafting drafting;
    /// The draft model, if there is one.
    private final Optional<LoadedModel> drafter;
    /// The model's first layers, if they draft.
    private final Optional<Engine> firstLayers;
    private final boolean ownsWorkers;
    /// The number of tokens that may be sampled.
    private int vocabSize;
    private volatile Scheduler scheduler;
    /// The warm-up in the background, if there is one.
    private BackgroundTask<Void> warmUp;
    /// Whether the caller waits for the warm-up.
    private volatile boolean isAwaited;
    private volatile boolean isClosed;

    private LoadedModel(Workers workers, KernelBackends.Choice kernels, Model model, Optional<Adapters> adapters,
            Optional<AdapterSet> choices, Engine engine, PackedCopy packedCopy, Optional<TextLoader> text,
            int contextLength, Drafting drafting, Optional<LoadedModel> drafter, boolean ownsWorkers) {
        this.workers = workers;
        this.kernels = kernels;
        this.model = model;
        this.adapters = adapters;
        this.choices = choices;
        this.engine = engine;
        this.packedCopy = packedCopy;
        this.text = text;
        this.contextLength = contextLength;
        this.drafting = drafting;
        this.drafter = drafter;
        this.firstLayers = drafting.drafter().orElse(null) instanceof Drafter.FirstLayers layers
                ? Optional.of(engine.ofFirstLayers(layers.count())) : Optional.empty();
        this.ownsWorkers = ownsWorkers;
        this.vocabSize = model.spec().vocabSize();
    }

    /// Loads a folder in the hub's layout, a GGUF file or the folder of an adapter, with progress reports when it
    /// takes more than a second.
    ///
    /// @throws CheckpointException if the files cannot be used; the message says why
    /// @throws IllegalArgumentException if the model or the machine does not support an option
    public static LoadedModel load(Path path, LoadOptions options, Progress progress) throws CheckpointException {
        AdaptedModel files = AdaptedModel.of(path, progress);
        return load(files.base(), options.with(files), Map.of(), progress, false);
    }

    /// @param choices folders of adapters by their names, of which each request has one or none
    /// @param withText whether tokenizer and chat template are loaded in parallel
    public static LoadedModel load(Path path, LoadOptions options, Map<String, Path> choices, Progress progress,
            boolean withText) throws CheckpointException {
        return load(path, options, choices, progress, withText, Optional.empty());
    }

    /// @param shared the threads of the model for which this one drafts
    private static LoadedModel load(Path path, LoadOptions options, Map<String, Path> choices, Progress progress,
            boolean withText, Optional<Workers> shared) throws CheckpointException {
        Workers workers = shared.orElseGet(() -> new Workers(options.numThreads()));
        Model model = null;
        Optional<LoadedModel> drafter = Optional.empty();
        Optional<Adapters> adapters = Optional.empty();
        Optional<AdapterSet> set = Optional.empty();
        PackedCopy packedCopy = null;
        Engine engine = null;
        LoadedModel loaded = null;
        try {
            if (options.drafting().drafter().orElse(null) instanceof Drafter.SmallerModel smaller) {
                LoadOptions plain = options.withoutAdapter().withContextLength(0);
                drafter = Optional.of(load(smaller.path(), plain.withDrafting(Drafting.none()), Map.of(), progress,
                        withText, Optional.of(workers)));
            }
            // The kernels' self-test runs while the files are opened.
            BackgroundTask<KernelBackends.Choice> choosing =
                    BackgroundTask.begin("glia-kernels", () -> KernelBackends.choose(options.kernels(), workers));
            Checkpoint checkpoint = Checkpoints.open(path);
            packedCopy = PackedCopy.of(checkpoint, PackedFolder.ofThisUser());
            Optional<TextLoader> text = withText
                    ? Optional.of(TextLoader.start(path, checkpoint, packedCopy.isThere(), options.adapter()))
                    : Optional.empty();
            if (options.adapter().isPresent()) {
                adapters = Optional.of(AdapterHead.load(path, checkpoint, options.adapter().get()));
                model = adapters.get().attach();
            } else {
                model = ModelLoader.load(path, checkpoint);
            }
            if (!choices.isEmpty()) {
                requireOnlyChoices(options);
                set = Optional.of(AdapterSet.read(model, choices));
                model = set.get().attach();
            }
            int context = contextLength(options, model);
            KernelBackends.Choice kernels = options.batchInvariant() ? choosing.get().batchInvariant() : choosing.get();
            engine = new Engine(model, kernels.kernels(), options.precision(),
                    MachineMemory.forStates(model.checkpoint().sizeBytes()), context,
                    options.keyValueType());
            if (set.isPresent()) {
                requireBatching(engine, set.get());
            }
            loaded = new LoadedModel(workers, kernels, model, adapters, set, engine, packedCopy, text, context,
                    choices.isEmpty() ? options.drafting() : options.drafting().withoutLayer(), drafter,
                    shared.isEmpty());
            return loaded.prepared(path, progress);
        } catch (CheckpointException | RuntimeException | Error e) {
            if (engine != null) {
                Optional.ofNullable(loaded).flatMap(l -> l.firstLayers).ifPresent(Engine::close);
                engine.close();
            }
            drafter.ifPresent(LoadedModel::close);
            if (shared.isEmpty()) {
                workers.close();
            }
            if (packedCopy != null) {
                packedCopy.close();
            }
            if (model != null) {
                close(model, adapters, set);
            }
            throw e;
        }
    }

    private static void requireOnlyChoices(LoadOptions options) {
        boolean needsLayer = options.drafting().requiresLayer();
        if (options.adapter().isPresent() || needsLayer) {
            throw new IllegalArgumentException("adapters of requests cannot be combined with "
                    + (needsLayer ? "drafts of a multi-token-prediction layer" : "an adapter of all requests"));
        }
    }

    /// Computes a token with each adapter together.
    ///
    /// @throws IllegalArgumentException if the model or an adapter does not support that
    private static void requireBatching(Engine engine, AdapterSet set) {
        List<Sequence> sequences = new ArrayList<>();
        try {
            for (int number = 0; number <= set.names().size(); number++) {
                Sequence sequence = engine.open();
                sequences.add(sequence);
                sequence.adapter(number);
                engine.add(sequence, new int[2], 0, 2, Pass.Outputs.LAST);
            }
            engine.run();
        } finally {
            engine.discard();
            sequences.forEach(Sequence::close);
        }
    }

    /// The adapters of which each request has one or none, if there are any.
    public Optional<AdapterSet> choices() {
        return choices;
    }

    /// Sets the most memory of all sequences together; waits for the current step.
    public void limitState(long bytes) {
        scheduler().whilePaused(() -> {
            engine.pool().limitBytes(bytes);
            return bytes;
        });
    }

    /// Packs weights or maps the packed ones of an earlier run. In the latter case the warm-up runs in the background
    /// while the caller encodes a prompt or waits for input.
    private LoadedModel prepared(Path path, Progress progress) {
        engine.ops().kernels().usePackedWeights(packedCopy);
        packedCopy.room(MachineMemory.totalBytes() / 2);
        if (packedCopy.isThere() && drafter.isEmpty() && ownsWorkers && !Runners.usesLayer(engine, drafting)) {
            if (workers.count() <= FEW_THREADS) {
                workers.singleThreadedWhile(() -> !isAwaited);
            }
            warmUp = BackgroundTask.begin("glia-warm-up", () -> warmUp(path));
        } else {
            var packing = new PackingProgress(progress, model.checkpoint().sizeBytes(), System::nanoTime);
            packedCopy.onConversion(packing);
            warmUp(path);
            packedCopy.onConversion(_ -> { });
            packing.end();
        }
        return this;
    }

    private Void warmUp(Path path) {
        EngineWarmUp.run(engine, () -> isAwaited);
        if (Runners.usesLayer(engine, drafting)) {
            ModelRunner runner = Runners.of(engine, drafting, draftEngine());
            if (engine.ops().kernels().packsWeights()) {
                warmUp(runner);
            }
            runner.close();
        }
        packedCopy.save(() -> text.orElseGet(() -> TextLoader.start(path, model.checkpoint())).isSound());
        return null;
    }

    /// Computes a prompt and a step of speculative decoding.
    private static void warmUp(ModelRunner runner) {
        try (DecodeState state = runner.open(false)) {
            runner.prefill(state, new int[0], new int[1], 0, 1, 1);
            runner.run();
            DraftTokens drafts = new DraftTokens();
            drafts.want(1);
            runner.want(state, new int[2], 2, drafts);
            runner.draft();
            runner.decode(state, 0, drafts);
            runner.run();
        }
    }

    private static int contextLength(LoadOptions options, Model model) {
        int most = model.spec().contextLength();
        if (options.contextLength() > most) {
            throw new IllegalArgumentException("a context of " + options.contextLength()
                    + " tokens was requested; the model supports at most " + most);
        }
        return options.contextLength() == 0 ? most : options.contextLength();
    }

    /// @throws IllegalStateException if the model is closed
    public void requireOpen() {
        if (isClosed) {
            throw new IllegalStateException("the model is closed");
        }
    }

    /// @throws IllegalStateException if the model is closed
    public Model model() {
        requireOpen();
        return model;
    }

    /// Waits until the warm-up is done.
    ///
    /// @throws IllegalStateException if the model is closed
    public Engine engine() {
        requireOpen();
        if (warmUp != null) {
            isAwaited = true;
            warmUp.get();
            workers.singleThreadedWhile(() -> false);
        }
        return engine;
    }

    /// Tokenizer and chat template, if requested.
    public Optional<TextLoader> text() {
        return text;
    }

    /// The scheduler of all requests.
    ///
    /// @throws IllegalStateException if the model is closed
    public Scheduler scheduler() {
        requireOpen();
        Scheduler there = scheduler;
        return there != null ? there : makeScheduler();
    }

    private Scheduler makeScheduler() {
        synchronized (workers) {
            if (scheduler == null) {
                requireOpen();
                scheduler = newScheduler(SchedulerOptions.defaults());
            }
            return scheduler;
        }
    }

    /// A scheduler of its own, which the caller closes: for options other than those of `scheduler`.
    ///
    /// @param options of which those of speculative decoding are replaced by the model's
    public Scheduler newScheduler(SchedulerOptions options) {
        return new Scheduler(Runners.of(engine(), drafting, draftEngine()),
                options.withDrafting(drafting), vocabSize, contextLength);
    }

    private Optional<Engine> draftEngine() {
        return firstLayers.or(() -> drafter.map(LoadedModel::engine));
    }

    /// The draft model, if there is one.
    public Optional<LoadedModel> drafter() {
        return drafter;
    }

    /// Excludes token ids from `size` on from sampling: they are padding.
    public void limitVocabulary(int size) {
        vocabSize = Math.min(size, vocabSize);
    }

    /// The most tokens of a sequence.
    public int contextLength() {
        return contextLength;
    }

    /// The kernel backend and why no better one was chosen.
    public KernelBackends.Choice kernels() {
        return kernels;
    }

    /// Ends all requests with [glia.engine.schedule.Finish#CANCELLED], waits for passes of other threads and unmaps the
    /// weights. Later calls do nothing.
    ///
    /// @throws IllegalStateException if a token listener or a sampler calls it
    @Override
    public void close() {
        synchronized (workers) {
            if (isClosed) {
                return;
            }
            if (warmUp != null) {
                isAwaited = true;
                warmUp.await();
            }
            isClosed = true;
            if (scheduler != null) {
                closeScheduler();
            }
            firstLayers.ifPresent(Engine::close);
            engine.close();
            drafter.ifPresent(LoadedModel::close);
            if (ownsWorkers) {
                workers.close();
            }
            packedCopy.close();
            close(model, adapters, choices);
        }
    }

    /// A view with adapters owns nothing: they and its base are closed.
    private static void close(Model model, Optional<Adapters> adapters, Optional<AdapterSet> choices) {
        model.close();
        choices.ifPresent(set -> {
            set.base().close();
            set.close();
        });
        adapters.ifPresent(a -> {
            a.base().close();
            a.close();
        });
    }

    private void closeScheduler() {
        try {
            scheduler.close();
        } catch (IllegalStateException e) {
            isClosed = false;
            throw e;
        }
    }
}
