package glia.tensor.ops;

import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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
/// It computes exactly: activations rounded to 8 bits have no useful gradient. Belongs to one thread.
public final class Recorder implements Ops, AutoCloseable {
    /// Something to go back over.
    private sealed interface Step {
        /// The height of the workspace before it.
        int mark();

        record Applied(Operation operation, Tensor y, int mark) implements Step { }

        record Watched(Tensor x, Consumer<Tensor> watcher, int mark) implements Step { }
    }

    private final Compute ops;
    private final Kernels kernels;
    private final Gradients weights;
    private final Predicate<Weight> trainable;
    private final ActivationGradients gradients = new ActivationGradients();
    private final List<Step> steps = new ArrayList<>();
    /// Activations that recorded operations read: nothing may be written over them.
    private final Set<Tensor> kept = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Tape tape = new Way();
    private final Wanted wanted = new Wanted();
    private final Operation.Inputs keeping = new Keeping();
    /// What lies lower in the workspace stays until the backward pass.
    private int floor;

    /// Records for the gradients of all weights.
    public Recorder(Kernels kernels, Gradients weights) {
        this(kernels, weights, w -> true);
    }

    /// @param trainable which weights want a gradient; the others are frozen and cost none
    public Recorder(Kernels kernels, Gradients weights, Predicate<Weight> trainable) {
        this.ops = new Compute(kernels, Precision.EXACT);
        this.kernels = kernels;
        this.weights = weights;
        this.trainable = trainable;
    }

    // ---- going back ----------------------------------------------------------------------------------------------

    /// Goes back from the last op, then forgets the tape. Seeds were set by `crossEntropy` or by writing to `gradient`.
    public void backward() {
        while (!steps.isEmpty()) {
            Step step = steps.removeLast();
            switch (step) {
                case Step.Applied applied when gradients.has(applied.y) -> {
                    applied.operation.backward(tape, applied.y);
                    gradients.drop(applied.y);
                }
                case Step.Applied unused -> { }
                case Step.Watched watched -> {
                    if (gradients.has(watched.x)) {
                        watched.watcher.accept(gradients.of(watched.x));
                    }
                }
            }
            // What was computed since is above the step's result and no longer read.
            ops.release(step.mark());
        }
        clear();
    }

    /// Forgets the tape and frees the activations.
    public void clear() {
        steps.clear();
        kept.clear();
        gradients.clear();
        floor = 0;
        ops.release(0);
    }

    /// The gradient of an activation, zero at first, to seed the backward pass with.
    ///
    /// @throws IllegalArgumentException if it depends on no trainable weight and is not watched
    public Tensor gradient(Tensor x) {
        if (!gradients.needs(x)) {
            throw new IllegalArgumentException(x + " has no gradient: it comes from no trainable weight and nobody "
                    + "watches it; make a weight trainable or watch an activation below");
        }
        return gradients.of(x);
    }

    /// Whether an activation depends on a trainable weight or a watched activation.
    public boolean needs(Tensor x) {
        return gradients.needs(x);
    }

    /// Wants the gradient of an activation, which was just computed and not yet read. The backward pass shows it to the
    /// watcher once it is complete, unless nothing flowed back.
    ///
    /// @param watcher sees a matrix that is valid only during the call
    public void watch(Tensor x, Consumer<Tensor> watcher) {
        gradients.need(x, true);
        kept.add(x);
        steps.add(new Step.Watched(x, watcher, ops.mark()));
        floor = ops.mark();
    }

    /// Bytes of memory held for activations and their gradients.
    public long sizeBytes() {
        return ops.workspace().sizeBytes() + gradients.pool().sizeBytes();
    }

    /// Frees the memory. Results of this recorder are dead afterwards.
    @Override
    public void close() {
        ops.close();
        gradients.close();
    }

    /// The way of operations to the gradients.
    private final class Way implements Tape {
        @Override
        public boolean needs(Tensor activation) {
            return gradients.needs(activation);
        }

        @Override
        public boolean needs(Weight weight) {
            return isTrainable(weight);
        }

        @Override
        public Tensor gradient(Tensor activation) {
            return gradients.needs(activation) ? gradients.of(activation)
                    : scratch(activation.rows(), activation.cols());
        }

        @Override
        public Tensor gradient(Weight weight) {
            return isTrainable(weight) ? weights.of(weight)
                    : scratch(weight.rows(), weight.cols()).reshape(weight.shape());
        }

        @Override
        public void add(Tensor activation, Tensor d, float scale) {
            if (gradients.needs(activation)) {
                gradients.add(activation, d, scale, kernels);
            }
        }

        @Override
        public Tensor scratch(int rows, int cols) {
            return ops.allocate(rows, cols);
        }

        @Override
        public Kernels kernels() {
            return kernels;
        }
    }

    // ---- recording -----------------------------------------------------------------------------------------------

    private boolean isTrainable(Weight w) {
        return w != Weight.NOTHING && trainable.test(w);
    }

    /// Finds whether any input wants a gradient.
    private final class Wanted implements Operation.Inputs {
        private boolean any;

        boolean by(Operation operation) {
            any = false;
            operation.inputs(this);
            return any;
        }

        @Override
        public void activations(Tensor... xs) {
            for (Tensor x : xs) {
                any |= gradients.needs(x);
            }
        }

        @Override
        public void weights(Weight... ws) {
            for (Weight w : ws) {
                any = any || isTrainable(w);
            }
        }
    }

    /// Notes what has to stay.
    private final class Keeping implements Operation.Inputs {
        @Override
        public void activations(Tensor... xs) {
            kept.addAll(Arrays.asList(xs));
        }

        @Override
        public void weights(Weight... ws) { }
    }

    @Override
    public Tensor apply(Operation operation) {
        boolean recorded = wanted.by(operation);
        Operation own = recorded ? operation.owned() : operation;
        int mark = ops.mark();
        Tensor y = own.forward(ops);
        kept.remove(y);
        gradients.need(y, recorded);
        if (recorded) {
            own.inputs(keeping);
            steps.add(new Step.Applied(own, y, mark));
            floor = ops.mark();
        }
        return y;
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

    /// Whether x may be written over: no backward pass will read it, and no gradient flows through it.
    private boolean mayOverwrite(Tensor x) {
        return !gradients.needs(x) && !kept.contains(x);
    }

    /// Unlike `Compute`, keeps x where its gradient flows on through both ways.
    @Override
    public Tensor residual(Tensor x, Tensor update, float scale) {
        if (mayOverwrite(x) && !gradients.needs(update)) {
            return ops.residual(x, update, scale);
        }
        Tensor y = apply(new Sum(x, 1, update, scale));
        // The stream goes on beyond the next release.
        floor = ops.mark();
        return y;
    }

    @Override
    public Tensor replace(Tensor x, Tensor value) {
        if (mayOverwrite(x) && mayOverwrite(value)) {
            return ops.replace(x, value);
        }
        floor = ops.mark();
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
        return apply(new SoftmaxAttention(q, runs, k, v, keyRuns, shape, Weight.NOTHING));
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
        if (gradients.needs(y)) {
            gradients.of(y).set(0, 1);
        }
        return loss.loss();
    }

    @Override
    public boolean isBatchInvariant() {
        return kernels.isBatchInvariant();
    }

    @Override
    public int mark() {
        return ops.mark();
    }

    /// Keeps what the backward pass needs.
    @Override
    public void release(int mark) {
        ops.release(Math.max(mark, floor));
    }
}
