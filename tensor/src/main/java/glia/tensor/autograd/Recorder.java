package glia.tensor.autograd;

import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.Compute;
import glia.tensor.ops.CrossEntropy;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.attention.SoftmaxAttention;
import glia.tensor.ops.row.Gathers;
import glia.tensor.ops.row.Linear;
import glia.tensor.ops.row.Norms;
import glia.tensor.ops.row.Pointwise;
import glia.tensor.ops.row.Sum;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// Ops that compute and record, for reverse-mode differentiation (https://arxiv.org/abs/1502.05767). Each op leaves an
/// `Operation` on the tape; `backward` goes back over the tape from its end. The weights' gradients gather in
/// `Gradients`, over as many passes as the caller likes.
///
/// A recorder owns all that its backward pass needs: the activations, and copies of run boundaries, token ids and
/// targets. So a pass may be reused before `backward`, the model may generate, and recorders do not disturb each other.
///
/// An operation is recorded only where one of its weights is trainable or one of its inputs wants a gradient. What lies
/// below the first trainable weight is only computed, and its memory is used again.
///
/// It computes exactly, or with `Precision.HALF` rounds both factors of products with plain weights to BF16, forward
/// and backward, where the processor multiplies such numbers. Activations are never rounded to 8 bits, which has no
/// useful gradient. Belongs to one thread.
public final class Recorder implements Ops, AutoCloseable {
    private final Compute ops;
    private final Recording recording;
    private int segmentSublayers;

    /// Records for the gradients of all weights.
    public Recorder(Kernels kernels, Gradients weights) {
        this(kernels, weights, w -> true);
    }

    /// @param trainable which weights want a gradient; the others are frozen and cost none
    public Recorder(Kernels kernels, Gradients weights, Predicate<Weight> trainable) {
        this(kernels, weights, trainable, Precision.EXACT);
    }

    /// @param trainable which weights want a gradient; the others are frozen and cost none
    /// @param precision `HALF` for products of BF16 numbers; with another it computes exactly
    public Recorder(Kernels kernels, Gradients weights, Predicate<Weight> trainable, Precision precision) {
        this.ops = new Compute(kernels, precision == Precision.HALF ? precision : Precision.EXACT, true);
        this.recording = new Recording(ops, weights, trainable);
    }

    /// Trades time for memory from the next pass on (activation checkpointing): of every `sublayers` sublayers of a
    /// model only the inputs stay, and the backward pass computes the rest again, the same bits. A layer of attention
    /// and MLP is two sublayers; 0 keeps everything.
    public void checkpoint(int sublayers) {
        if (sublayers < 0) {
            throw new IllegalArgumentException(sublayers + " sublayers between checkpoints; 0 keeps everything");
        }
        segmentSublayers = sublayers;
    }

    // ---- going back ----------------------------------------------------------------------------------------------

    /// Goes back from the last op, then forgets the tape. Seeds were set by `crossEntropy` or by writing to `gradient`.
    public void backward() {
        recording.backward();
        recording.clear();
    }

    /// Forgets the tape and frees the activations.
    public void clear() {
        recording.clear();
    }

    /// The gradient of an activation, zero at first, to seed the backward pass with.
    ///
    /// @throws IllegalArgumentException if it depends on no trainable weight and is not watched
    public Tensor gradient(Tensor x) {
        if (!recording.gradients().needs(x)) {
            throw new IllegalArgumentException(x + " has no gradient: it comes from no trainable weight and nobody "
                    + "watches it; make a weight trainable or watch an activation below");
        }
        return recording.gradients().of(x);
    }

    /// Whether an activation depends on a trainable weight or a watched activation.
    public boolean needs(Tensor x) {
        return recording.gradients().needs(x);
    }

    /// Wants the gradient of an activation, which was just computed and not yet read. The backward pass shows it to the
    /// watcher once it is complete, unless nothing flowed back.
    ///
    /// @param watcher sees a matrix that is valid only during the call
    public void watch(Tensor x, Consumer<Tensor> watcher) {
        recording.watch(x, watcher);
    }

    /// Bytes of memory held for activations and their gradients.
    public long sizeBytes() {
        return ops.workspace().sizeBytes() + recording.gradients().pool().sizeBytes();
    }

    /// Frees the memory. Results of this recorder are dead afterwards.
    @Override
    public void close() {
        ops.close();
        recording.close();
    }

    // ---- recording -----------------------------------------------------------------------------------------------

    @Override
    public Tensor apply(Operation operation) {
        return recording.apply(operation);
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
        return apply(new Gathers.Embed(table, Arrays.copyOf(ids, count), frozenRow));
    }

    @Override
    public Tensor linear(Tensor x, Weight w) {
        return apply(new Linear(x, w));
    }

    @Override
    public Tensor addBias(Tensor x, Weight b) {
        return apply(new Norms.AddBias(x, b));
    }

    @Override
    public Tensor rmsNorm(Tensor x, Weight w, float eps, float offset) {
        return apply(new Norms.Rms(x, w, eps, offset));
    }

    @Override
    public Tensor layerNorm(Tensor x, Weight w, Weight b, float eps) {
        return apply(new Norms.Layer(x, w, Optional.of(b), eps));
    }

    @Override
    public Tensor layerNorm(Tensor x, Weight w, float eps) {
        return apply(new Norms.Layer(x, w, Optional.empty(), eps));
    }

    @Override
    public Tensor rotate(Tensor x, int headSize, RopeTable table, Runs runs) {
        return apply(new Pointwise.Rotate(x, headSize, table, runs));
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

    /// Unlike `Compute`, keeps x where its gradient flows on through both ways.
    @Override
    public Tensor residual(Tensor x, Tensor update, float scale) {
        if (recording.mayOverwrite(x) && !recording.gradients().needs(update)) {
            return ops.residual(x, update, scale);
        }
        Tensor y = apply(new Sum(x, 1, update, scale));
        // The stream goes on beyond the next release.
        recording.keepAll();
        return y;
    }

    @Override
    public Tensor replace(Tensor x, Tensor value) {
        if (recording.mayOverwrite(x) && recording.mayOverwrite(value)) {
            return ops.replace(x, value);
        }
        recording.keepAll();
        return value;
    }

    @Override
    public Tensor select(Tensor x, int[] rows, int count) {
        return apply(new Gathers.Select(x, Arrays.copyOf(rows, count)));
    }

    @Override
    public Tensor attention(Tensor q, Tensor k, Tensor v, KeyValueState state, Runs runs, AttentionShape shape,
            Weight learned) {
        requireNone(state);
        return apply(new SoftmaxAttention(q, runs, k, v, runs, shape, learned));
    }

    @Override
    public Tensor crossAttention(Tensor q, Runs runs, Tensor k, Tensor v, Runs keyRuns, KeyValueState state,
            AttentionShape shape) {
        requireNone(state);
        return apply(new SoftmaxAttention(q, runs, k, v, keyRuns, shape, Weight.ABSENT));
    }

    private static void requireNone(KeyValueState state) {
        if (state != KeyValueState.NONE) {
            throw new IllegalArgumentException("gradients reach whole sequences only: record without a state");
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
