package glia.engine.training;

import glia.engine.LanguageModel;
import glia.engine.pass.Engine;
import glia.model.Model;
import glia.model.block.Decoder;
import glia.model.spec.Role;
import glia.tensor.Hash;
import glia.tensor.Tensor;
import glia.tensor.autograd.DropoutRates;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.NoKernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.CountedMemory;
import glia.tensor.ops.IndexerTraining;
import glia.tensor.ops.LowRank;
import glia.tensor.ops.Weight;
import glia.text.tokenizer.Tokenizer;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/// Losses of a model and their gradients.
///
/// ```java
/// try (var model = LanguageModel.load("stories260K"); var training = TrainingPass.of(model)) {
///     double loss = training.loss("Once upon a time there was a girl.");
///     Map<String, Tensor> gradients = training.gradients();
/// }
/// ```
///
/// It shares weights and threads with the model: the model may generate between two calls. It does not change weights.
/// For one thread, the model's.
public final class TrainingPass implements AutoCloseable {
    /// The model, or this rank's part of it.
    private Model model;
    private Decoder decoder;
    private final Kernels kernels;
    private final Optional<Tokenizer> tokenizer;
    private Predicate<Weight> trainable;
    private final Gradients gradients;
    private Recorders recorders;
    private Recorder recorder;
    private Recorder evaluator;
    /// The losses of a rank that has some layers.
    private Optional<PipelinedPass> pipelined = Optional.empty();
    /// The engine whose model may not be closed during a pass.
    private final Optional<Engine> engine;
    private final DropoutRates dropout;
    private final Optional<IndexerTraining> indexers;
    private long step;
    private int batchesOfStep;
    private Reduction reduction = Reduction.NONE;
    private boolean isClosed;

    private TrainingPass(Model model, Decoder decoder, Kernels kernels, Optional<Tokenizer> tokenizer,
            Optional<Engine> engine, TrainingOptions options, Optional<CountedMemory> counted) {
        this.engine = engine;
        this.model = model;
        this.decoder = decoder;
        this.kernels = kernels;
        this.tokenizer = tokenizer;
        trainable = options.trainable().of(model);
        gradients = counted.map(Gradients::new).orElseGet(Gradients::new);
        planBuckets(Gradients.BUCKET_BYTES);
        dropout = options.dropout();
        indexers = options.indexers();
        recorders = new Recorders(model, kernels, gradients, trainable, options, counted);
        recorder = recorders.training();
        evaluator = recorders.evaluating();
    }

    /// Sets the step of the losses that follow, on which the masks of dropout depend.
    ///
    /// @param index of the step, from 0
    public void atStep(long index) {
        step = index;
        batchesOfStep = 0;
    }

    /// Sets the size of the buckets in which gradients become complete, from the head down to the embedding: trainable
    /// parameters in the reverse of the model's order, each at the place of its first use. Before the first loss.
    ///
    /// @throws IllegalStateException if there are gradients already, or this or the model is closed
    public void planBuckets(long bytes) {
        whileOpen(() -> {
            plan(bytes);
            return null;
        });
    }

    private void plan(long bytes) {
        Set<Weight> all = new LinkedHashSet<>();
        model.sources().keySet().stream()
                .filter(p -> !model.spec().isFixed(p) && p.role() != Role.ROUTER_CORRECTION)
                .forEach(p -> addParts(all, model.weights().get(p)));
        reduction.pipeline().ifPresent(p -> all.removeIf(w ->
                p.stages().rank(p.stages().owner(w)) != p.ranks().rank()));
        List<Weight> order = List.copyOf(all).reversed();
        ToIntFunction<Weight> stages = w -> reduction.pipeline().map(p -> p.stages().owner(w)).orElse(0);
        reduction.experts().ifPresentOrElse(experts -> experts.plan(gradients, order, bytes, stages),
                () -> gradients.plan(order, bytes, stages));
    }

    private void addParts(Set<Weight> all, Weight weight) {
        if (weight instanceof LowRank adapted) {
            adapted.parts().forEach(part -> addParts(all, part));
        } else if (weight != Weight.ABSENT && trainable.test(weight)) {
            all.add(weight);
        }
    }

    /// Sets how the ranks of a training run add up what each of them computes.
    ///
    /// @throws IllegalArgumentException if ranks share the tokens of a model, or of dropout, that does not support it
    public void reduceBy(Reduction sums) {
        if (sums.context().isPresent()) {
            DividedBatch.require(model.spec(), dropout);
        }
        reduction = sums;
        sums.tensor().ifPresent(t -> divide(t.model(), t::whole));
        sums.experts().ifPresent(e -> divide(e.model(), e::whole));
        if (!sums.isLocal()) {
            gradients.sumBy(sums);
        }
        if (sums.pipeline().isPresent()) {
            plan(Gradients.BUCKET_BYTES);
            pipelined = Optional.of(new PipelinedPass(decoder, model.spec().hiddenSize(), sums, gradients, recorders,
                    dropout));
        }
    }

    private void divide(Model part, UnaryOperator<Weight> wholes) {
        Predicate<Weight> ofWhole = trainable;
        model = part;
        decoder = model.decoder();
        trainable = w -> ofWhole.test(wholes.apply(w));
        recorder.close();
        evaluator.close();
        recorders = recorders.of(model, trainable);
        recorder = recorders.training();
        evaluator = recorders.evaluating();
        plan(Gradients.BUCKET_BYTES);
    }

    /// How the ranks of a training run add up what each of them computes.
    public Reduction reduction() {
        return reduction;
    }

    /// What the reduction did since the last call, by name, and `indexer_divergence`, the mean KL divergence of trained
    /// indexers on this rank.
    public Map<String, Double> figures() {
        Map<String, Double> all = new TreeMap<>(reduction.figures());
        indexers.ifPresent(training -> all.put("indexer_divergence", training.take()));
        return all;
    }

    /// The sum of numbers of micro-batches over all ranks, in the order of the micro-batches, such as the weight of a
    /// step's tokens, by which losses are divided.
    ///
    /// @param ofRank a number for each micro-batch of this rank
    public double total(double... ofRank) {
        double sum = 0;
        for (double number : reduction.all(ofRank)) {
            sum += number;
        }
        return sum;
    }

    /// The sum of numbers of micro-batches whose gradients are added up: `total`, or that of this rank where ranks take
    /// steps by themselves.
    public double stepTotal(double... ofRank) {
        return reduction.isLocal() ? Arrays.stream(ofRank).reduce(0, Double::sum) : total(ofRank);
    }

    /// Ends a step's losses: `weightGradients` are then the sums over all ranks.
    ///
    /// @throws IllegalStateException if this or the model is closed
    public void finishGradients() {
        whileOpen(() -> {
            if (!reduction.isLocal()) {
                reduction.finish(gradients);
            }
            return null;
        });
    }

    /// Creates a pass for all weights of a model.
    public static TrainingPass of(LanguageModel model) {
        return of(model, TrainingOptions.defaults());
    }

    /// Creates a pass for a model with a tokenizer.
    public static TrainingPass of(LanguageModel model, TrainingOptions options) {
        return new TrainingPass(model.model(), model.engine().decoder(), model.engine().ops().kernels(),
                Optional.of(model.tokenizer()), Optional.of(model.engine()), options,
                Optional.empty());
    }

    /// Creates a pass for the model of an engine, on token ids.
    public static TrainingPass of(Engine engine, TrainingOptions options) {
        return new TrainingPass(engine.model(), engine.decoder(), engine.ops().kernels(), Optional.empty(),
                Optional.of(engine), options, Optional.empty());
    }

    /// Creates a pass for a model, on token ids.
    public static TrainingPass of(Model model, Kernels kernels, TrainingOptions options) {
        return new TrainingPass(model, model.decoder(), kernels, Optional.empty(), Optional.empty(), options,
                Optional.empty());
    }

    /// Creates a pass that computes nothing of use and takes hardly any memory: after a loss, `sizeBytes` and the size
    /// of `weightGradients` are those of another pass.
    ///
    /// @param workers of operations that are not kernels
    public static TrainingPass counting(Model model, Workers workers, TrainingOptions options) {
        return new TrainingPass(model, model.decoder(), NoKernels.on(workers), Optional.empty(), Optional.empty(),
                options, Optional.of(new CountedMemory()));
    }

    /// The mean cross-entropy of the next token over texts, in nats. Accumulates its gradients.
    ///
    /// @throws IllegalArgumentException if the model is an encoder or encoder-decoder, or has no tokenizer
    public double loss(String... texts) {
        TokenBatch batch = new TokenBatch();
        for (String text : texts) {
            batch.add(encode(text));
        }
        return loss(batch);
    }

    private int[] encode(String text) {
        if (model.spec().looksAhead() || model.spec().encoder().isPresent()) {
            throw new IllegalArgumentException("the model does not continue texts; give it a TokenBatch with targets");
        }
        return tokenizer.orElseThrow(() -> new IllegalArgumentException("there is no tokenizer; give token ids"))
                .encodePlain(text, true);
    }

    /// The mean cross-entropy of the targets, in nats. Accumulates its gradients.
    public double loss(TokenBatch batch) {
        return loss(batch, Loss.CROSS_ENTROPY);
    }

    /// A loss. Accumulates its gradients.
    ///
    /// @throws IllegalArgumentException if the batch has no rows, or the loss depends on no trainable weight
    /// @throws IllegalStateException if this or the model is closed
    public double loss(TokenBatch batch, Loss loss) {
        return losses(List.of(batch), List.of(loss), -1)[0];
    }

    /// Losses of all micro-batches of a step, which go through the stages of a pipeline together, where ranks have some
    /// layers each. Accumulates their gradients.
    ///
    /// @param losses one for each batch
    public double[] losses(List<TokenBatch> batches, List<Loss> losses) {
        return losses(batches, losses, batches.size() - 1);
    }

    /// @param last the last one of a step
    private double[] losses(List<TokenBatch> batches, List<Loss> losses, int last) {
        return whileOpen(() -> {
            List<PipelinedPass.Item> items = new ArrayList<>();
            for (int i = 0; i < batches.size(); i++) {
                requireRows(batches.get(i));
                items.add(new PipelinedPass.Item(batches.get(i), losses.get(i), Hash.of(dropout.seed(), step,
                        (long) batchesOfStep++ * reduction.numGroups() + reduction.group())));
            }
            return pipelined.isPresent() ? pipelined.get().losses(items, Optional.empty())
                    : IntStream.range(0, items.size()).mapToDouble(i -> loss(items.get(i), i == last)).toArray();
        });
    }

    private <T> T whileOpen(Supplier<T> work) {
        if (isClosed) {
            throw new IllegalStateException("the training pass is closed");
        }
        return engine.isPresent() ? engine.get().whileOpen(work) : work.get();
    }

    private double loss(PipelinedPass.Item item, boolean isLast) {
        try {
            if (isLast) {
                reduction.last();
            }
            recorder.dropout(dropout, item.key());
            Value value = compute(recorder, item.batch(), item.loss());
            recorder.gradient(value.tensor()).set(0, 1);
            double number = value.number();
            recorder.backward();
            return number;
        } finally {
            recorder.clear();
        }
    }

    /// A loss, without gradients.
    ///
    /// @throws IllegalStateException if this or the model is closed
    public double evaluate(TokenBatch batch, Loss loss) {
        return whileOpen(() -> {
            requireRows(batch);
            if (pipelined.isPresent()) {
                return pipelined.get().losses(List.of(new PipelinedPass.Item(batch, loss, 0)),
                        Optional.of(evaluator))[0];
            }
            try {
                return compute(evaluator, batch, loss).number();
            } finally {
                evaluator.clear();
            }
        });
    }

    private static void requireRows(TokenBatch batch) {
        if (batch.numRows() == 0) {
            throw new IllegalArgumentException("the batch has no token with a weight");
        }
    }

    private Value compute(Recorder ops, TokenBatch batch, Loss loss) {
        reduction.forward();
        Optional<DividedBatch> divided = reduction.context().map(c -> new DividedBatch(batch, c));
        ops.divide(divided.map(DividedBatch::context));
        Value value = loss.of(new Predictions(ops, decoder, batch, divided));
        value.number();
        return value;
    }

    /// The sum of the gradients of all losses since the start or the last `zeroGradients`, under the names and in the
    /// shapes of the checkpoint, F32. Those of frozen weights are left out.
    ///
    /// @throws IllegalStateException if this or the model is closed
    public Map<String, Tensor> gradients() {
        Map<String, Tensor> byName = whileOpen(() ->
                new LinkedHashMap<>(model.gradients(gradients, Arena.ofAuto())));
        byName.keySet().removeIf(name -> model.sources().keySet().stream()
                .noneMatch(p -> trainable.test(model.weights().get(p)) && model.storedName(p).equals(name)));
        return byName;
    }

    /// The accumulated gradients by weight, not copied.
    ///
    /// @throws IllegalStateException if this or the model is closed
    public Gradients weightGradients() {
        whileOpen(() -> null);
        return gradients;
    }

    /// Sets all gradients to zero.
    ///
    /// @throws IllegalStateException if this or the model is closed
    public void zeroGradients() {
        whileOpen(() -> {
            gradients.zero(kernels);
            return null;
        });
    }

    /// Bytes of memory held for activations and their gradients.
    public long sizeBytes() {
        return recorder.sizeBytes() + evaluator.sizeBytes() + pipelined.map(PipelinedPass::sizeBytes).orElse(0L);
    }

    /// Frees the memory of activations and gradients; the model stays open.
    @Override
    public void close() {
        isClosed = true;
        recorder.close();
        evaluator.close();
        pipelined.ifPresent(PipelinedPass::close);
        gradients.close();
    }
}
