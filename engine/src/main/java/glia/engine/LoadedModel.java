package glia.engine;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.hub.Progress;
import glia.io.load.Checkpoints;
import glia.io.packed.PackedCopy;
import glia.io.packed.PackedFolder;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.tensor.kernel.Workers;
import glia.kernels.KernelSets;
import java.nio.file.Path;
import java.util.Optional;

/// A model that computes: weights, an engine and its threads. It knows tokens by their ids alone; with a tokenizer it
/// is a [LanguageModel]. For one thread at a time.
public final class LoadedModel implements AutoCloseable {
    /// Threads of a machine whose processors the tokenizer and the compiler can fill while a model is loaded.
    private static final int FEW_THREADS = 2;

    private final Workers workers;
    private final KernelSets.Choice kernels;
    private final Model model;
    private final Engine engine;
    private final PackedCopy packedCopy;
    private final Optional<TextLoader> text;
    private final int contextLength;
    private final boolean drafts;
    /// What goes on beside the caller, if anything does.
    private Background<Void> warmUp;
    /// Whether the caller has something to compute.
    private volatile boolean isAwaited;

    private LoadedModel(Workers workers, KernelSets.Choice kernels, Model model, Engine engine, PackedCopy packedCopy,
            Optional<TextLoader> text, int contextLength, boolean drafts) {
        this.workers = workers;
        this.kernels = kernels;
        this.model = model;
        this.engine = engine;
        this.packedCopy = packedCopy;
        this.text = text;
        this.contextLength = contextLength;
        this.drafts = drafts;
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
            Background<KernelSets.Choice> choosing =
                    Background.begin("glia-kernels", () -> KernelSets.choose(options.kernels(), workers));
            Checkpoint checkpoint = Checkpoints.open(path);
            packedCopy = PackedCopy.of(checkpoint, PackedFolder.ofThisUser());
            Optional<TextLoader> text = withText
                    ? Optional.of(TextLoader.start(path, checkpoint, packedCopy.isThere())) : Optional.empty();
            model = ModelLoader.load(path, checkpoint);
            int context = contextLength(options, model);
            KernelSets.Choice kernels = options.batchInvariant() ? choosing.get().batchInvariant() : choosing.get();
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
        engine.ops().kernels().conversions(packedCopy);
        packedCopy.room(MachineMemory.totalBytes() / 2);
        if (packedCopy.isThere() && !drafts) {
            if (workers.count() <= FEW_THREADS) {
                workers.stayAloneWhile(() -> !isAwaited);
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
            try (Steps steps = new DraftedSteps(engine)) {
                if (engine.ops().kernels().converts()) {
                    steps.prefill(new int[1], 0, () -> false);
                    steps.step(0);
                }
            }
        }
        packedCopy.save(() -> text.orElseGet(() -> TextLoader.start(path, model.checkpoint())).isSound());
        return null;
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

    public Model model() {
        return model;
    }

    /// Waits until nothing else uses it.
    public Engine engine() {
        if (warmUp != null) {
            isAwaited = true;
            warmUp.get();
            workers.stayAloneWhile(() -> false);
        }
        return engine;
    }

    /// Tokenizer and chat template, if they were asked for.
    Optional<TextLoader> text() {
        return text;
    }

    /// Something to read and continue texts with.
    Steps steps() {
        return drafts ? new DraftedSteps(engine()) : new PlainSteps(engine());
    }

    /// The most tokens of a sequence.
    public int contextLength() {
        return contextLength;
    }

    /// Which kernels compute, and why not better ones.
    public KernelSets.Choice kernels() {
        return kernels;
    }

    @Override
    public void close() {
        if (warmUp != null) {
            isAwaited = true;
            warmUp.await();
        }
        engine.close();
        workers.close();
        packedCopy.close();
        model.close();
    }
}
