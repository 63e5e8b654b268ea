package glia.tensor.ops;

import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.AttentionTrace;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/// Ops that compute and record, for reverse-mode differentiation (https://arxiv.org/abs/1502.05767). Each op leaves a
/// step on the tape that adds to the gradients of its inputs; `backward` runs the tape from its end.
/// The weights' gradients gather in `Gradients`, over as many passes as the caller likes.
///
/// `ops` must compute exactly: activations rounded to 8 bits have no useful gradient.
public final class Recorder implements Ops {
    /// How far gradients go.
    public enum Reach {
        /// To activations and weights.
        ALL,
        /// To activations; the weights of embeddings and products, which are most, are spared.
        ACTIVATIONS
    }

    private final Compute ops;
    private final Kernels kernels;
    private final Backward backward;
    private final Gradients weights;
    private final List<Runnable> tape = new ArrayList<>();
    private final Map<Tensor, Tensor> gradients = new IdentityHashMap<>();
    private final Tape way = new Way();
    private final Reach reach;

    /// Records for all gradients.
    public Recorder(Compute ops, Gradients weights) {
        this(ops, weights, Reach.ALL);
    }

    /// @param reach which gradients are wanted
    public Recorder(Compute ops, Gradients weights, Reach reach) {
        this.ops = ops;
        this.reach = reach;
        this.kernels = ops.kernels();
        this.backward = new Backward(kernels.workers());
        this.weights = weights;
    }

    /// Goes back from the last op. Seeds were set by `crossEntropy` or by writing to `gradient`.
    public void backward() {
        for (int i = tape.size() - 1; i >= 0; i--) {
            tape.get(i).run();
        }
        clear();
    }

    /// Forgets the tape and frees the activations.
    public void clear() {
        tape.clear();
        gradients.clear();
        ops.release(0);
    }

    /// The gradient of an activation, zero at first.
    public Tensor gradient(Tensor t) {
        return gradients.computeIfAbsent(t, x -> {
            Tensor g = ops.workspace().allocate(x.rows(), x.cols());
            g.zero();
            return g;
        });
    }

    /// The way of operations to the gradients.
    private final class Way implements Tape {
        @Override
        public Tensor gradient(Tensor activation) {
            return Recorder.this.gradient(activation);
        }

        @Override
        public Tensor gradient(Weight weight) {
            return weights.of(weight);
        }

        @Override
        public void add(Tensor activation, Tensor d, float scale) {
            accumulate(activation, d, scale);
        }

        @Override
        public Tensor scratch(int rows, int cols) {
            return ops.workspace().allocate(rows, cols);
        }

        @Override
        public Kernels kernels() {
            return kernels;
        }
    }

    private Tensor record(Tensor y, Runnable step) {
        tape.add(step);
        return y;
    }

    @Override
    public Tensor embed(Weight table, int[] ids, int count, int frozenRow) {
        int[] kept = java.util.Arrays.copyOf(ids, count);
        Tensor y = ops.embed(table, kept, count, frozenRow);
        return reach == Reach.ACTIVATIONS ? y
                : record(y, () -> backward.scatter(weights.of(table), gradient(y), kept, frozenRow));
    }

    @Override
    public Tensor linear(Tensor x, Weight w) {
        Tensor y = ops.linear(x, w);
        return record(y, () -> {
            if (reach == Reach.ALL) {
                kernels.linearBackwardWeight(weights.of(w), gradient(y), x);
            }
            kernels.linearBackwardInput(gradient(x), gradient(y), w.matrix());
        });
    }

    @Override
    public Tensor addBias(Tensor x, Weight b) {
        Tensor y = ops.addBias(x, b);
        return record(y, () -> {
            backward.sumRows(weights.of(b), gradient(y));
            accumulate(x, gradient(y), 1);
        });
    }

    @Override
    public Tensor rmsNorm(Tensor x, Weight w, float eps, float offset) {
        Tensor y = ops.rmsNorm(x, w, eps, offset);
        return record(y, () -> backward.rmsNorm(
                gradient(x), weights.of(w), gradient(y), x, Compute.stored(w), eps, offset));
    }

    @Override
    public Tensor layerNorm(Tensor x, Weight w, Weight b, float eps) {
        Tensor y = ops.layerNorm(x, w, b, eps);
        return record(y, () -> {
            backward.layerNorm(gradient(x), weights.of(w), gradient(y), x, Compute.stored(w), eps);
            backward.sumRows(weights.of(b), gradient(y));
        });
    }

    @Override
    public Tensor layerNorm(Tensor x, Weight w, float eps) {
        Tensor y = ops.layerNorm(x, w, eps);
        return record(y, () ->
                backward.layerNorm(gradient(x), weights.of(w), gradient(y), x, Compute.stored(w), eps));
    }

    @Override
    public Tensor rotate(Tensor x, int headSize, RopeTable table, Runs runs) {
        Tensor y = ops.rotate(x, headSize, table, runs);
        return record(y, () -> {
            Tensor dy = gradient(y);
            kernels.rotate(dy, headSize, table, runs, -1);
            accumulate(x, dy, 1);
        });
    }

    @Override
    public Tensor gated(Tensor gate, Tensor up, Activation f) {
        Tensor y = ops.gated(gate, up, f);
        return record(y, () -> backward.gated(gradient(gate), gradient(up), gradient(y), gate, up, f));
    }

    @Override
    public Tensor activate(Tensor x, Activation f) {
        Tensor y = ops.activate(x, f);
        return record(y, () -> backward.activate(gradient(x), gradient(y), x, f));
    }

    @Override
    public Tensor scale(Tensor x, float scale) {
        Tensor y = ops.scale(x, scale);
        return record(y, () -> accumulate(x, gradient(y), scale));
    }

    /// Unlike `Compute`, keeps x: its gradient flows on through both ways.
    @Override
    public Tensor residual(Tensor x, Tensor update, float scale) {
        Compute.require(x.rows() == update.rows() && x.cols() == update.cols(), "residual", x, update);
        Tensor y = ops.workspace().allocate(x.rows(), x.cols());
        kernels.add(y, x, update, scale);
        return record(y, () -> {
            accumulate(x, gradient(y), 1);
            accumulate(update, gradient(y), scale);
        });
    }

    @Override
    public Tensor replace(Tensor x, Tensor value) {
        return value;
    }

    @Override
    public Tensor select(Tensor x, int[] rows, int count) {
        int[] kept = java.util.Arrays.copyOf(rows, count);
        Tensor y = ops.select(x, kept, count);
        return record(y, () -> backward.scatter(gradient(x), gradient(y), kept, -1));
    }

    @Override
    public Tensor attention(Tensor q, Tensor k, Tensor v, KeyValueState state, Runs runs, AttentionShape shape,
            Weight learned) {
        return attention(q, runs, k, v, runs, state, shape, learned);
    }

    @Override
    public Tensor crossAttention(Tensor q, Runs runs, Tensor k, Tensor v, Runs keyRuns, KeyValueState state,
            AttentionShape shape) {
        return attention(q, runs, k, v, keyRuns, state, shape, Weight.NOTHING);
    }

    private Tensor attention(Tensor q, Runs runs, Tensor k, Tensor v, Runs keyRuns, KeyValueState state,
            AttentionShape shape, Weight learned) {
        if (state != KeyValueState.NONE) {
            throw new IllegalArgumentException("gradients reach whole sequences only: record without a state");
        }
        Tensor y = ops.workspace().allocate(q.rows(), shape.numHeads() * shape.valueSize());
        Tensor logSumExp = ops.workspace().allocate(q.rows(), shape.numHeads());
        ops.attend(y, logSumExp, q, runs, k, v, keyRuns, state, shape, learned);
        return record(y, () -> {
            kernels.attentionBackward(new AttentionTrace(shape, runs, q, keyRuns, k, v, Compute.stored(learned), y,
                    logSumExp, gradient(y), gradient(q), gradient(k), gradient(v), weights.of(learned)));
        });
    }

    @Override
    public double crossEntropy(Tensor logits, int[] targets) {
        double loss = ops.crossEntropy(logits, targets);
        int[] kept = targets.clone();
        tape.add(() -> backward.crossEntropy(gradient(logits), logits, kept, kernels));
        return loss;
    }

    @Override
    public Tensor apply(Operation operation) {
        Tensor y = operation.forward(ops);
        return record(y, () -> operation.backward(way, y));
    }

    private void accumulate(Tensor x, Tensor dy, float scale) {
        Tensor dx = gradient(x);
        kernels.add(dx, dx, dy, scale);
    }

    @Override
    public int mark() {
        return 0;
    }

    /// Keeps everything: the backward pass needs it.
    @Override
    public void release(int mark) { }
}
