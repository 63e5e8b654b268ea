package glia.tensor.ops.attention;

import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.AttentionTrace;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;

/// Softmax attention or cross-attention over full sequences (see `Ops.attention` and `Ops.crossAttention`). The
/// backward pass recomputes probabilities from the logarithms of the denominators.
public final class SoftmaxAttention implements Operation.Rounded {
    private final Tensor q;
    private final Runs runs;
    private final Tensor k;
    private final Tensor v;
    private final Runs keyRuns;
    private final AttentionShape shape;
    private final Weight learned;
    private Tensor logSumExp;

    public SoftmaxAttention(Tensor q, Runs runs, Tensor k, Tensor v, Runs keyRuns, AttentionShape shape,
            Weight learned) {
        this.q = q;
        this.runs = runs;
        this.k = k;
        this.v = v;
        this.keyRuns = keyRuns;
        this.shape = shape;
        this.learned = learned;
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(q.rows(), shape.numHeads() * shape.valueSize());
        logSumExp = ops.allocate(q.rows(), shape.numHeads());
        ops.attend(y, logSumExp, q, runs, k, v, keyRuns, KeyValueState.NONE, shape, learned);
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(q, k, v);
        inputs.weights(learned);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        tape.kernels().attentionBackward(new AttentionTrace(shape, runs, q, keyRuns, k, v, Compute.stored(learned), y,
                logSumExp, tape.gradient(y), tape.gradient(q), tape.gradient(k), tape.gradient(v),
                tape.gradient(learned)));
    }

    @Override
    public Operation owned() {
        Runs own = runs.frozen();
        return new SoftmaxAttention(q, own, k, v, keyRuns == runs ? own : keyRuns.frozen(), shape, learned);
    }
}
