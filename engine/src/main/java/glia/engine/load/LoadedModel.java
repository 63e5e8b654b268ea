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
import glia.engine.state.CachePolicy;
import glia.engine.state.Sequence;
import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.hub.Progress;
import glia.io.load.Checkpoints;
import glia.io.packed.PackedCopy;
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
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A loaded model: weights, an engine and its threads; [glia.engine.LanguageModel] adds a tokenizer. Any thread may
/// submit requests to its scheduler; all else is for one thread at a time.
public final class LoadedModel implements AutoCloseable {
    /// Up to so many threads, the tokenizer and the JIT compiler keep all processors busy during loading.
    private static final int FEW_THREADS = 2;

    private final Owned owned;
    private final Workers workers;
    private final KernelBackends.Choice kernels;
    private final Model model;
    /// The adapters of which each request has one or none, if there are any; `model` is a view of them then.
    private final Optional<AdapterSet> choices;
    private final Engine engine;
    private final PackedCopy packedCopy;
    private final Optional<TextLoader> text;
    private final int contextLength;
    private final Drafting drafting;
    private final Optional<CachePolicy> policy;
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

    /// What a model owns: closed in the reverse order, all of it even where some fails.
    static class Owned implements AutoCloseable {
        private final Deque<AutoCloseable> all = new ArrayDeque<>();

        <T extends AutoCloseable> T add(T one) {
            all.push(one);
            return one;
        }

        List<AutoCloseable> all() {
            return List.copyOf(all);
        }

        /// @throws IllegalStateException with the first failure
        @Override
        public void close() {
            IllegalStateException failure = null;
            for (AutoCloseable one : all) {
                try {
                    one.close();
                } catch (Exception e) {
                    failure = failure == null ? new IllegalStateException(e.getMessage(), e) : failure;
                }
            }
            all.clear();
            if (failure != null) {
                throw failure;
            }
        }
    }

    private LoadedModel(Owned owned, Workers workers, KernelBackends.Choice kernels, Model model,
            Optional<AdapterSet> choices, Engine engine, PackedCopy packedCopy, Optional<TextLoader> text,
            int contextLength, Drafting drafting, Optional<LoadedModel> drafter, Optional<CachePolicy> policy,
            boolean ownsWorkers) {
        this.owned = owned;
        this.workers = workers;
        this.kernels = kernels;
        this.model = model;
        this.choices = choices;
        this.engine = engine;
        this.packedCopy = packedCopy;
        this.text = text;
        this.contextLength = contextLength;
        this.drafting = drafting;
        this.policy = policy;
        if (model.spec().diffusion().isPresent() && (drafting.requiresLayer() || drafting.drafter().orElse(null)
                instanceof Drafter.SmallerModel || drafting.drafter().orElse(null) instanceof Drafter.FirstLayers)) {
            throw new IllegalArgumentException("drafts of speculative decoding cannot be applied: the model generates "
                    + "by text diffusion, all places at once");
        }
        this.drafter = drafter;
        this.firstLayers = drafting.drafter().orElse(null) instanceof Drafter.FirstLayers layers
                ? Optional.of(owned.add(engine.ofFirstLayers(layers.count()))) : Optional.empty();
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
        return load(path, options, choices, progress, withText, Optional.empty(), new Owned());
    }

    /// @param shared the threads of the model for which this one drafts
    /// @param owned receives what is closed with the model, or when loading fails
    static LoadedModel load(Path path, LoadOptions options, Map<String, Path> choices, Progress progress,
            boolean withText, Optional<Workers> shared, Owned owned) throws CheckpointException {
        try {
            Workers workers = shared.isPresent() ? shared.get() : owned.add(new Workers(options.numThreads()));
            Optional<LoadedModel> drafter = Optional.empty();
            if (options.drafting().drafter().orElse(null) instanceof Drafter.SmallerModel smaller) {
                LoadOptions plain = options.ofDraftModel();
                drafter = Optional.of(owned.add(load(smaller.path(), plain, Map.of(), progress, withText,
                        Optional.of(workers), new Owned())));
            }
            // The kernels' self-test runs while the files are opened.
            BackgroundTask<KernelBackends.Choice> choosing =
                    BackgroundTask.begin("glia-kernels", () -> KernelBackends.choose(options.kernels(), workers));
            Checkpoint checkpoint = Checkpoints.open(path, options.projector());
            PackedCopy packedCopy = owned.add(PackedCopy.of(checkpoint, options.packedFolder()));
            Optional<TextLoader> text = withText
                    ? Optional.of(TextLoader.start(path, checkpoint, packedCopy.isThere(), options.adapter()))
                    : Optional.empty();
            // A view with adapters owns nothing: they and its base are closed.
            Model model;
            if (options.adapter().isPresent()) {
                Adapters adapters = owned.add(AdapterHead.load(path, checkpoint, options.adapter().get()));
                owned.add(adapters.base());
                model = options.viewed(adapters.attach());
            } else {
                model = options.viewed(owned.add(ModelLoader.load(path, checkpoint)));
            }
            Optional<AdapterSet> set = Optional.empty();
            if (!choices.isEmpty()) {
                requireOnlyChoices(options);
                set = Optional.of(owned.add(AdapterSet.read(model, choices)));
                model = owned.add(set.get().attach());
            }
            int context = options.contextOf(model);
            KernelBackends.Choice kernels = options.batchInvariant() ? choosing.get().batchInvariant() : choosing.get();
            Engine engine = owned.add(new Engine(model, kernels.kernels(), options.precision(),
                    options.newPool(model), context, options.keyValueTypeFor(context), options.pages().orElse(null)));
            options.applyTo(engine, context, choices);
            if (set.isPresent()) {
                requireBatching(engine, set.get());
            }
            return new LoadedModel(owned, workers, kernels, model, set, engine, packedCopy, text, context,
                    choices.isEmpty() ? options.drafting() : options.drafting().withoutLayer(), drafter,
                    options.policy(), shared.isEmpty()).prepared(path, progress);
        } catch (CheckpointException | RuntimeException | Error e) {
            owned.close();
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
            engine.pool().shareBytes(bytes);
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
        ModelRunner runner = policy.isPresent() ? Runners.of(engine(), policy.get(), contextLength)
                : Runners.of(engine(), drafting, draftEngine());
        return new Scheduler(runner, options.withDrafting(drafting), vocabSize, mostTokens());
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

    /// The most tokens that a token attends to.
    public int contextLength() {
        return contextLength;
    }

    /// The most tokens of a text, prompt and answer: the context, or more where a cache policy drops tokens.
    public int mostTokens() {
        return policy.map(p -> p.mostTokens(contextLength)).orElse(contextLength);
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
            owned.close();
        }
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
