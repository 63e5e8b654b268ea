package glia.engine.schedule;

import glia.engine.draft.Drafter;
import glia.engine.draft.Drafting;
import glia.engine.pass.Engine;
import glia.engine.runner.Runners;
import glia.engine.sampling.Sampler;
import glia.engine.sampling.SamplingOptions;
import glia.engine.state.Sequence;
import glia.io.CheckpointException;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Input;
import glia.model.block.Pass.Outputs;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;

/// A small model, an engine with a given amount of memory, and what a text of its own would be, computed token by token
/// without a scheduler.
final class Harness implements AutoCloseable {
    static final int CONTEXT = 400;

    private final Workers workers = new Workers(2);
    /// A pool of threads serves one pass at a time.
    private final Workers otherWorkers = new Workers(2);
    private final String kernels;
    private final Precision precision;
    private final Model model;
    private final Engine reference;
    private Engine engine;
    private Scheduler scheduler;
    private Optional<Engine> drafter = Optional.empty();

    /// With the best kernels of this machine.
    Harness(String folder) {
        this(folder, "best", Precision.EXACT);
    }

    /// @param folder of the model, among the test resources
    /// @param kernels the name of a set, used in its batch-invariant form
    Harness(String folder, String kernels, Precision precision) {
        this.kernels = kernels;
        this.precision = precision;
        try {
            model = ModelLoader.load(Path.of(Harness.class.getResource(folder + "/config.json").toURI()).getParent());
        } catch (CheckpointException | URISyntaxException e) {
            throw new IllegalStateException(e);
        }
        reference = engine(otherWorkers, 1L << 30);
    }

    private Engine engine(Workers threads, long limitBytes) {
        return new Engine(model, KernelBackends.choose(kernels, threads).kernels().batchInvariant(), precision,
                limitBytes, Math.min(CONTEXT, context()));
    }

    int context() {
        return Math.min(CONTEXT, model.spec().contextLength());
    }

    int vocabSize() {
        return model.spec().vocabSize();
    }

    boolean hasEncoder() {
        return model.spec().encoder().isPresent();
    }

    /// Bytes of a text of so many tokens.
    long bytesOf(int numTokens) {
        try (Sequence sequence = reference.open()) {
            return sequence.bytesToAppend(numTokens, numTokens, Integer.MAX_VALUE);
        }
    }

    Engine engine() {
        return engine;
    }

    Scheduler scheduler() {
        return scheduler;
    }

    /// A scheduler on an engine of its own, in place of the one before.
    Scheduler open(long limitBytes, SchedulerOptions options, boolean drafts) {
        return open(limitBytes, options.withDrafting(drafts ? Drafting.ofMtp().withFixed(1) : Drafting.none()));
    }

    /// The same with a draft model, if the options name one: the model itself, with little memory.
    Scheduler open(long limitBytes, SchedulerOptions options) {
        shut();
        engine = engine(workers, limitBytes);
        drafter = switch (options.drafting().drafter().orElse(null)) {
            case Drafter.SmallerModel _ -> Optional.of(engine(workers, 1L << 20));
            case Drafter.FirstLayers(int count) -> Optional.of(engine.ofFirstLayers(count));
            case null, default -> Optional.empty();
        };
        scheduler = new Scheduler(Runners.of(engine, options.drafting(), drafter), options, vocabSize(), context());
        return scheduler;
    }

    Scheduler open() {
        return open(1L << 30, SchedulerOptions.defaults(), false);
    }

    private void shut() {
        if (scheduler != null) {
            scheduler.close();
            drafter.ifPresent(Engine::close);
            engine.close();
        }
    }

    int[] prompt(Random random, int length) {
        return random.ints(length, 0, vocabSize()).toArray();
    }

    /// A request for what follows a prompt, which is the source of an encoder-decoder.
    GenerationRequest.Builder request(int[] prompt) {
        return hasEncoder() ? GenerationRequest.of(start()).source(prompt) : GenerationRequest.of(prompt);
    }

    private int start() {
        return model.spec().encoder().orElseThrow().startToken();
    }

    /// The text alone.
    int[] alone(int[] prompt, SamplingOptions options, int count) {
        Sampler sampler = new Sampler(options, vocabSize());
        for (int id : prompt) {
            sampler.accept(id);
        }
        int[] tokens = new int[count];
        try (Sequence sequence = reference.open()) {
            if (hasEncoder()) {
                reference.add(sequence, Input.of(prompt), new int[] {start()}, 0, 1, Outputs.LAST);
            } else {
                reference.add(sequence, prompt, 0, prompt.length, Outputs.LAST);
            }
            Tensor logits = reference.run();
            for (int i = 0; i < count; i++) {
                tokens[i] = sampler.sample(logits, 0);
                sampler.accept(tokens[i]);
                if (prompt.length + i + 1 >= context()) {
                    return Arrays.copyOf(tokens, i + 1);
                }
                reference.add(sequence, tokens, i, i + 1, Outputs.LAST);
                logits = reference.run();
            }
        }
        return tokens;
    }

    @Override
    public void close() {
        shut();
        reference.close();
        model.close();
        workers.close();
        otherWorkers.close();
    }
}
