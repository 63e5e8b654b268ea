package glia.engine;

import glia.engine.schedule.DecodeState;
import glia.engine.schedule.Scheduler;
import glia.engine.schedule.SchedulerOptions;
import glia.engine.schedule.Steps;
import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.hub.Progress;
import glia.io.load.Checkpoints;
import glia.io.packed.PackedCopy;
import glia.io.packed.PackedFolder;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.tensor.kernel.Workers;
import glia.kernels.KernelBackends;
import java.nio.file.Path;
import java.util.Optional;

/// A model that computes: weights, an engine and its threads. It knows tokens by their ids alone; with a tokenizer it
/// is a [LanguageModel]. Any threads may send requests to its scheduler; all else is for one thread at a time.
public final class LoadedModel implements AutoCloseable {
    /// Threads of a machine whose processors the tokenizer and the compiler can fill while a model is loaded.
    private static final int FEW_THREADS = 2;

    private final Workers workers;
    private final KernelBackends.Choice kernels;
    private final Model model;
    private final Engine engine;
    private final PackedCopy packedCopy;
    private final Optional<TextLoader> text;
    private final int contextLength;
    private final boolean drafts;
    /// Tokens from which samplers choose.
    private int vocabSize;
    private volatile Scheduler scheduler;
    /// What goes on beside the caller, if anything does.
    private Background<Void> warmUp;
    /// Whether the caller has something to compute.
    private volatile boolean isAwaited;
    private volatile boolean isClosed;

    private LoadedModel(Workers workers, KernelBackends.Choice kernels, Model model, Engine engine,
            PackedCopy packedCopy, Optional<TextLoader> text, int contextLength, boolean drafts) {
        this.workers = workers;
        this.kernels = kernels;
        this.model = model;
        this.engine = engine;
        this.packedCopy = packedCopy;
        this.text = text;
        this.contextLength = contextLength;
        this.drafts = drafts;
        this.vocabSize = model.spec().vocabSize();
    }

    /// Loads a folder in the hub's layout or a GGUF file, and tells where it takes more than a second.
    ///
    /// @throws CheckpointException if the files cannot be used; the message says why
    /// @throws IllegalArgumentException if the options ask for what the model or the machine does not have
    public static LoadedModel load(Path path, LoadOptions options, Progress progress) throws CheckpointException {
        return load(path, options, progress, false);
    }

    /// @param withText whether tokenizer and chat template are loaded beside it
    static LoadedModel load(Path path, LoadOptions options, Progress progress, boolean withText)
            throws CheckpointException {
        Workers workers = new Workers(options.numThreads());
        Model model = null;
        PackedCopy packedCopy = null;
        try {
            // They test themselves while the files are opened.
            Background<KernelBackends.Choice> choosing =
                    Background.begin("glia-kernels", () -> KernelBackends.choose(options.kernels(), workers));
            Checkpoint checkpoint = Checkpoints.open(path);
            packedCopy = PackedCopy.of(checkpoint, PackedFolder.ofThisUser());
            Optional<TextLoader> text = withText
                    ? Optional.of(TextLoader.start(path, checkpoint, packedCopy.isThere())) : Optional.empty();
            model = ModelLoader.load(path, checkpoint);
            int context = contextLength(options, model);
            KernelBackends.Choice kernels = options.batchInvariant() ? choosing.get().batchInvariant() : choosing.get();
            Engine engine = new Engine(model, kernels.kernels(), options.precision(), stateLimitBytes(model), context,
                    options.keyValueType());
            return new LoadedModel(workers, kernels, model, engine, packedCopy, text, context, options.drafts())
                    .prepared(path, progress);
        } catch (CheckpointException | RuntimeException | Error e) {
            workers.close();
            if (packedCopy != null) {
                packedCopy.close();
            }
            if (model != null) {
                model.close();
            }
            throw e;
        }
    }

    /// Packs weights, or finds those that are kept. Finding takes no time: then the rest goes on beside the caller,
    /// who may have a prompt to encode, or waits for one.
    private LoadedModel prepared(Path path, Progress progress) {
        engine.ops().kernels().usePackedWeights(packedCopy);
        packedCopy.room(MachineMemory.totalBytes() / 2);
        if (packedCopy.isThere() && !drafts) {
            if (workers.count() <= FEW_THREADS) {
                workers.singleThreadedWhile(() -> !isAwaited);
            }
            warmUp = Background.begin("glia-warm-up", () -> warmUp(path));
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
        engine.warmUp(() -> isAwaited);
        if (drafts) {
            Steps steps = engine.steps(true);
            if (engine.ops().kernels().packsWeights()) {
                warmUp(steps);
            }
            steps.close();
        }
        packedCopy.save(() -> text.orElseGet(() -> TextLoader.start(path, model.checkpoint())).isSound());
        return null;
    }

    /// A prompt and a step with a draft.
    private static void warmUp(Steps steps) {
        try (DecodeState state = steps.open(false)) {
            steps.prefill(state, new int[0], new int[1], 0, 1, 1);
            steps.run();
            steps.decode(state, 0);
            steps.run();
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

    /// @throws IllegalStateException if the model is closed
    void requireOpen() {
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

    /// Tokenizer and chat template, if they were asked for.
    Optional<TextLoader> text() {
        return text;
    }

    /// What shares the engine among requests, of any threads.
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
                scheduler = new Scheduler(engine().steps(drafts), SchedulerOptions.defaults(), vocabSize,
                        contextLength);
            }
            return scheduler;
        }
    }

    /// Tokens from here on are never chosen: they are padding.
    void limitVocabulary(int size) {
        vocabSize = Math.min(size, vocabSize);
    }

    /// The most tokens of a sequence.
    public int contextLength() {
        return contextLength;
    }

    /// Which kernels compute, and why not better ones.
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
            engine.close();
            workers.close();
            packedCopy.close();
            model.close();
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
