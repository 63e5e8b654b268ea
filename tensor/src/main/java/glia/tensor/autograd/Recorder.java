package glia.tensor.autograd;

import glia.tensor.Hash;
import glia.tensor.Matrix;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.Positions;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.Compute;
import glia.tensor.ops.CountedMemory;
import glia.tensor.ops.CrossEntropy;
import glia.tensor.ops.HeadNorm;
import glia.tensor.ops.IndexerTraining;
import glia.tensor.ops.LowRank;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ops;
import glia.tensor.ops.OutputParts;
import glia.tensor.ops.RankProducts;
import glia.tensor.ops.StreamRows;
import glia.tensor.ops.TreeProduct;
import glia.tensor.ops.Weight;
import glia.tensor.ops.attention.ContextParallel;
import glia.tensor.ops.attention.SoftmaxAttention;
import glia.tensor.ops.row.Elementwise.Dropout;
import glia.tensor.ops.row.Gathers;
import glia.tensor.ops.row.Linear;
import glia.tensor.ops.row.Norms;
import glia.tensor.ops.row.Pointwise;
import glia.tensor.ops.row.Sums.Sum;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// Ops that compute and record, for reverse-mode automatic differentiation (https://arxiv.org/abs/1502.05767). Each op
/// puts an `Operation` on the tape; `backward` traverses the tape in reverse. Gradients of weights accumulate in
/// `Gradients` over any number of passes.
///
/// A recorder owns the activations that its backward pass needs, and copies of run boundaries and token ids. The caller
/// may therefore reuse a pass or generate text before `backward`, and several recorders are independent.
///
/// An operation is recorded only if one of its weights is trainable or one of its inputs needs a gradient. Everything
/// before the first trainable weight is only computed, and its memory is reused.
///
/// Arithmetic is F32, or with `Precision.HALF` mixed precision (https://arxiv.org/abs/1710.03740): both factors of
/// matrix multiplications with plain weights are rounded to BF16, forward and backward, on processors with BF16
/// instructions; results of projections, norms, activations and attention are rounded to BF16, and stored as BF16 for
/// the backward pass. Weights, gradients, the residual stream and losses are F32. Activations are never quantized to
/// int8, which has no useful gradient. Not thread-safe.
public final class Recorder implements Ops, AutoCloseable {
    private final Compute ops;
    private final Recording recording;
    private final IntArrays copies = new IntArrays();
    private Predicate<Weight> unrounded = w -> false;
    private int segmentSublayers;
    private DropoutRates dropout = DropoutRates.NONE;
    private long dropoutKey;
    private Map<Weight, Integer> adapterPlaces = Map.of();
    private Optional<ContextParallel> context = Optional.empty();
    private RankProducts ranks = RankProducts.NONE;
    private StreamRows rows = new StreamRows(RankProducts.NONE);
    private Optional<IndexerTraining> indexers = Optional.empty();

    /// Creates a recorder for the gradients of all weights.
    public Recorder(Kernels kernels, Gradients weights) {
        this(kernels, weights, w -> true);
    }

    /// @param trainable the weights that need gradients; the others are frozen and cost nothing
    public Recorder(Kernels kernels, Gradients weights, Predicate<Weight> trainable) {
        this(kernels, weights, trainable, Precision.EXACT);
    }

    /// @param trainable the weights that need gradients; the others are frozen and cost nothing
    /// @param precision `HALF` for mixed precision in BF16; F32 otherwise
    public Recorder(Kernels kernels, Gradients weights, Predicate<Weight> trainable, Precision precision) {
        this.ops = new Compute(kernels, precision == Precision.HALF ? precision : Precision.EXACT, true);
        this.recording = new Recording(ops, weights, trainable, precision == Precision.HALF, new TensorPool());
    }

    /// Creates a recorder that computes nothing of use and takes hardly any memory: its `sizeBytes` is what another
    /// recorder would hold.
    ///
    /// @param kernels need not compute anything
    public Recorder(Kernels kernels, Gradients weights, Predicate<Weight> trainable, Precision precision,
            CountedMemory memory) {
        this.ops = new Compute(kernels, precision == Precision.HALF ? precision : Precision.EXACT, memory);
        this.recording = new Recording(ops, weights, trainable, precision == Precision.HALF, new TensorPool(memory));
    }

    /// Sets the weights whose products mixed precision does not round to BF16, such as routers of experts, whose choice
    /// small differences decide.
    public void keepUnrounded(Predicate<Weight> weights) {
        unrounded = weights;
    }

    /// Enables activation checkpointing from the next pass on: of each group of `sublayers` sublayers only the inputs
    /// are kept, and the backward pass recomputes the rest with the same bits. A layer of attention and MLP is two
    /// sublayers; 0 keeps everything.
    public void checkpoint(int sublayers) {
        if (sublayers < 0) {
            throw new IllegalArgumentException(sublayers + " sublayers between checkpoints; 0 keeps everything");
        }
        segmentSublayers = sublayers;
    }

    /// Sets the dropout of the next pass and of its backward pass.
    ///
    /// @param key what the masks depend on besides the place: 64 random bits for a pass
    public void dropout(DropoutRates rates, long key) {
        dropout = rates;
        dropoutKey = key;
    }

    /// Sets the adapters whose inputs have dropout.
    ///
    /// @param places by the matrix A of an adapter, compared by identity; each has a mask of its own
    public void dropAdapterInputs(Map<Weight, Integer> places) {
        adapterPlaces = new IdentityHashMap<>(places);
    }

    /// Trains indexers of sparse attention.
    public void trainIndexers(IndexerTraining training) {
        indexers = Optional.of(training);
    }

    @Override
    public Optional<IndexerTraining> indexerTraining() {
        return indexers;
    }

    /// Sets how the sequences of the next pass are divided among ranks; empty if they are not.
    public void divide(Optional<ContextParallel> amongRanks) {
        context = amongRanks;
    }

    /// Sets the weights that are computed with other ranks.
    public void divide(RankProducts products) {
        ranks = products;
        rows = new StreamRows(products);
    }

    /// Multiplies some weights in FP8 as DeepSeek-V3 is trained, emulated (https://arxiv.org/abs/2412.19437): E4M3
    /// factors with a scale for each 1 × 128 activations or gradients and each 128 × 128 weights, forward and backward.
    ///
    /// @param chosen F32 matrices
    public void useFloat8(Predicate<Matrix> chosen) {
        ops.useFloat8(chosen);
    }

    // ---- backward ------------------------------------------------------------------------------------------------

    /// Runs the backward pass from the last op, then clears the tape. It is seeded by `crossEntropy` or by writing to
    /// `gradient`.
    public void backward() {
        recording.backward();
        clear();
    }

    /// Clears the tape and frees the activations.
    public void clear() {
        recording.clear();
        copies.reuse();
    }

    /// Returns the gradient of an activation, initially zero, to seed the backward pass.
    ///
    /// @throws IllegalArgumentException if the activation depends on no trainable weight and is not watched
    public Tensor gradient(Tensor x) {
        if (!recording.gradients().needs(x)) {
            throw new IllegalArgumentException(x + " has no gradient: it depends on no trainable weight and is not "
                    + "watched; make a weight trainable or watch an earlier activation");
        }
        return recording.gradients().of(x);
    }

    /// Whether an activation depends on a trainable weight or a watched activation.
    public boolean needs(Tensor x) {
        return recording.gradients().needs(x);
    }

    /// Requests the gradient of an activation that was just computed and not yet used. The backward pass calls the
    /// watcher once the gradient is complete, unless it is zero.
    ///
    /// @param watcher gets a matrix that is valid only during the call
    public void watch(Tensor x, Consumer<Tensor> watcher) {
        recording.watch(x, watcher);
    }

    /// Size of the memory for activations and their gradients, in bytes.
    public long sizeBytes() {
        return ops.workspace().sizeBytes() + recording.gradients().pool().sizeBytes();
    }

    /// Frees the memory. Results of this recorder may not be used afterwards.
    @Override
    public void close() {
        ops.close();
        recording.close();
    }

    // ---- recording -----------------------------------------------------------------------------------------------

    @Override
    public Tensor apply(Operation operation) {
        return recording.apply(operation.among(ranks));
    }

    @Override
    public StreamRows rows() {
        return rows;
    }

    @Override
    public int segmentSublayers() {
        return segmentSublayers;
    }

    @Override
    public Tensor[] segment(Segment body, Tensor... inputs) {
        return recording.segment(body, inputs);
    }

    @Override
    public Tensor embed(Weight table, int[] ids, int count, int frozenRow) {
        return apply(new Gathers.Embed(table, copyOf(ids, count), count, frozenRow));
    }

    @Override
    public Tensor linear(Tensor x, Weight w) {
        if (w instanceof Weight.Stored own && ranks.sums().containsKey(w)) {
            return apply(new TreeProduct.Linear(x, own, ranks.sums().get(w)));
        }
        if (w instanceof Weight.Stored own && ranks.outputs().containsKey(w)) {
            return linear(x, new Weight[] {own})[0];
        }
        if (dropout.adapters() > 0 && w instanceof LowRank adapted && adapterPlaces.containsKey(adapted.a())) {
            return AdapterInputs.linear(this, x, adapted, adapterPlaces.get(adapted.a()));
        }
        return apply(new Linear(x, w, !unrounded.test(w)));
    }

    @Override
    public Tensor[] linear(Tensor x, Weight[] ws) {
        OutputParts.Together together = new OutputParts.Together();
        Tensor[] ys = new Tensor[ws.length];
        for (int i = 0; i < ws.length; i++) {
            ys[i] = ws[i] instanceof Weight.Stored own && ranks.outputs().containsKey(own)
                    ? apply(together.add(ranks.outputs().get(own), x, own)) : linear(x, ws[i]);
        }
        return ys;
    }

    @Override
    public Tensor addBias(Tensor x, Weight b) {
        return b instanceof Weight.Stored own && ranks.outputs().containsKey(b)
                ? apply(new OutputParts.AddBias(x, own, ranks.outputs().get(b)))
                : apply(rows.weighted(x, b, of -> new Norms.AddBias(of, b)));
    }

    @Override
    public Tensor rmsNorm(Tensor x, Weight w, float eps, float offset) {
        HeadNorm.Groups groups = ranks.norms().get(w);
        return groups == null ? apply(rows.weighted(x, w, of -> new Norms.Rms(of, w, eps, offset)))
                : apply(new HeadNorm(x, w, eps, offset, groups));
    }

    @Override
    public Tensor layerNorm(Tensor x, Weight w, Weight b, float eps) {
        return apply(rows.weighted(x, w, of -> new Norms.Layer(of, w, Optional.of(b), eps)));
    }

    @Override
    public Tensor layerNorm(Tensor x, Weight w, float eps) {
        return apply(rows.weighted(x, w, of -> new Norms.Layer(of, w, Optional.empty(), eps)));
    }

    @Override
    public Tensor rotate(Tensor x, int headSize, RopeTable table, Positions positions) {
        return apply(new Pointwise.Rotate(x, headSize, table, positions));
    }

    @Override
    public Tensor gated(Tensor gate, Tensor up, Activation f) {
        return apply(new Pointwise.Gated(gate, up, f));
    }

    @Override
    public Tensor activate(Tensor x, Activation f) {
        return apply(new Pointwise.Activate(x, f));
    }

    @Override
    public Tensor scale(Tensor x, float scale) {
        return apply(new Pointwise.Scale(x, scale));
    }

    /// Keeps x, unlike `Compute`, if its gradient takes both paths.
    @Override
    public Tensor residual(Tensor x, Tensor update, float scale) {
        if (recording.mayOverwrite(x) && !recording.gradients().needs(update)) {
            return ops.residual(x, update, scale);
        }
        if (recording.poolsResiduals()) {
            return recording.pooledSum(x, update, scale);
        }
        Tensor y = apply(new Sum(x, 1, update, scale));
        // The residual stream outlives the next release.
        recording.keepAll();
        return y;
    }

    @Override
    public Tensor replace(Tensor x, Tensor value) {
        if (recording.mayOverwrite(x) && recording.mayOverwrite(value)) {
            return ops.replace(x, value);
        }
        if (recording.poolsResiduals()) {
            return recording.pooledCopy(value);
        }
        recording.keepAll();
        return value;
    }

    @Override
    public Tensor dropout(Tensor x, Dropped what, int place) {
        double rate = dropout.of(what);
        return rate == 0 ? x : apply(new Dropout(x, (float) rate, Hash.of(dropoutKey, what.ordinal(), place),
                what == Dropped.SUBLAYER ? rows.first(x) : 0));
    }

    @Override
    public int[] copyOf(int[] values, int count) {
        return copies.copy(values, count);
    }

    @Override
    public Tensor select(Tensor x, int[] rows, int count) {
        return apply(new Gathers.Select(x, copyOf(rows, count), count));
    }

    @Override
    public Tensor attention(Tensor q, Tensor k, Tensor v, KeyValueState state, Runs runs, AttentionShape shape,
            Weight learned) {
        requireNone(state);
        AttentionShape own = ranks.dividesHeads() ? shape.part() : shape;
        return apply(context.isPresent() ? context.get().attention(q, k, v, runs, own, learned)
                : new SoftmaxAttention(q, runs, k, v, runs, own, learned));
    }

    @Override
    public Tensor crossAttention(Tensor q, Runs runs, Tensor k, Tensor v, Runs keyRuns, KeyValueState state,
            AttentionShape shape) {
        requireNone(state);
        return apply(new SoftmaxAttention(q, runs, k, v, keyRuns, shape, Weight.ABSENT));
    }

    private static void requireNone(KeyValueState state) {
        if (state != KeyValueState.NONE) {
            throw new IllegalArgumentException("gradients need full sequences: record without a state");
        }
    }

    @Override
    public double crossEntropy(Tensor logits, int[] targets) {
        CrossEntropy loss = new CrossEntropy(logits, targets.clone());
        Tensor y = apply(loss);
        recording.seed(y);
        return loss.loss();
    }

    @Override
    public boolean isBatchInvariant() {
        return ops.isBatchInvariant();
    }

    @Override
    public int mark() {
        return ops.mark();
    }

    /// Keeps what the backward pass needs.
    @Override
    public void release(int mark) {
        recording.release(mark);
    }
}
