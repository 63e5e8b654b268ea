package glia.engine;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.hub.Progress;
import glia.io.load.Checkpoints;
import glia.io.packed.PackedCopy;
import glia.io.packed.PackedFolder;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.choice.KernelSets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

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
    private final int contextLength;
    private final boolean drafts;

    private LoadedModel(Workers workers, KernelSets.Choice kernels, Model model, Engine engine, PackedCopy packedCopy,
            int contextLength, boolean drafts) {
        this.workers = workers;
        this.kernels = kernels;
        this.model = model;
        this.engine = engine;
        this.packedCopy = packedCopy;
        this.contextLength = contextLength;
        this.drafts = drafts;
    }

    /// Loads a folder in the hub's layout or a GGUF file, and tells where it takes more than a second.
    ///
    /// @throws CheckpointException if the files cannot be used; the message says why
    /// @throws IllegalArgumentException if the options ask for what the model or the machine does not have
    public static LoadedModel load(Path path, LoadOptions options, Progress progress) throws CheckpointException {
        return load(path, options, progress, _ -> () -> false);
    }

    /// @param opened hears of the checkpoint as soon as it is open, to begin what can go on beside, and answers what
    ///     tells whether that still wants a processor
    static LoadedModel load(Path path, LoadOptions options, Progress progress,
            Function<Checkpoint, BooleanSupplier> opened) throws CheckpointException {
        Workers workers = new Workers(options.numThreads());
        Model model = null;
        PackedCopy packedCopy = null;
        try {
            FutureTask<KernelSets.Choice> choosing = choose(options, workers);
            Checkpoint checkpoint = Checkpoints.open(path);
            BooleanSupplier othersWork = opened.apply(checkpoint);
            model = ModelLoader.load(path, checkpoint);
            int context = contextLength(options, model);
            KernelSets.Choice kernels = await(choosing);
            Engine engine = new Engine(model, kernels.kernels(), options.precision(), stateLimitBytes(model), context);
            packedCopy = PackedCopy.of(checkpoint,
                    kernels.kernels().converts() ? PackedFolder.ofThisUser() : Optional.empty());
            LoadedModel loaded = new LoadedModel(workers, kernels, model, engine, packedCopy, context,
                    options.drafts());
            loaded.warmUp(progress, othersWork);
            return loaded;
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

    private void warmUp(Progress progress, BooleanSupplier othersWork) {
        Kernels computing = engine.ops().kernels();
        var packing = new PackingProgress(progress, model.checkpoint().sizeBytes(), System::nanoTime);
        computing.conversions(packedCopy);
        packedCopy.onConversion(packing);
        packedCopy.room(MachineMemory.totalBytes() / 2);
        if (workers.count() <= FEW_THREADS && packedCopy.isThere()) {
            workers.stayAloneWhile(othersWork);
        }
        engine.warmUp();
        if (drafts) {
            try (Steps steps = steps()) {
                if (computing.converts()) {
                    steps.prefill(new int[1], 0, () -> false);
                    steps.step(0);
                }
            }
        }
        workers.stayAloneWhile(() -> false);
        packedCopy.onConversion(_ -> { });
        packing.end();
        packedCopy.save();
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

    public Model model() {
        return model;
    }

    public Engine engine() {
        return engine;
    }

    /// Something to read and continue texts with.
    Steps steps() {
        return drafts ? new DraftedSteps(engine) : new PlainSteps(engine);
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
        engine.close();
        workers.close();
        packedCopy.close();
        model.close();
    }
}
