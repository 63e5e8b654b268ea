package glia.lab;

import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.Positions;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;

/// Ops that delegate to others; subclasses override the operations they observe.
public class WatchedOps implements Ops {
    private final Ops inner;

    public WatchedOps(Ops inner) {
        this.inner = inner;
    }

    @Override
    public Tensor embed(Weight table, int[] ids, int count, int frozenRow) {
        return inner.embed(table, ids, count, frozenRow);
    }

    @Override
    public Tensor linear(Tensor x, Weight w) {
        return inner.linear(x, w);
    }

    @Override
    public Tensor addBias(Tensor x, Weight b) {
        return inner.addBias(x, b);
    }

    @Override
    public Tensor rmsNorm(Tensor x, Weight w, float eps, float offset) {
        return inner.rmsNorm(x, w, eps, offset);
    }

    @Override
    public Tensor layerNorm(Tensor x, Weight w, Weight b, float eps) {
        return inner.layerNorm(x, w, b, eps);
    }

    @Override
    public Tensor layerNorm(Tensor x, Weight w, float eps) {
        return inner.layerNorm(x, w, eps);
    }

    @Override
    public Tensor rotate(Tensor x, int headSize, RopeTable table, Positions positions) {
        return inner.rotate(x, headSize, table, positions);
    }

    @Override
    public Tensor gated(Tensor gate, Tensor up, Activation f) {
        return inner.gated(gate, up, f);
    }

    @Override
    public Tensor activate(Tensor x, Activation f) {
        return inner.activate(x, f);
    }

    @Override
    public Tensor scale(Tensor x, float scale) {
        return inner.scale(x, scale);
    }

    @Override
    public Tensor residual(Tensor x, Tensor update, float scale) {
        return inner.residual(x, update, scale);
    }

    @Override
    public Tensor replace(Tensor x, Tensor value) {
        return inner.replace(x, value);
    }

    @Override
    public Tensor select(Tensor x, int[] rows, int count) {
        return inner.select(x, rows, count);
    }

    @Override
    public Tensor attention(Tensor q, Tensor k, Tensor v, KeyValueState state, Runs runs, AttentionShape shape,
            Weight learned) {
        return inner.attention(q, k, v, state, runs, shape, learned);
    }

    @Override
    public Tensor crossAttention(Tensor q, Runs runs, Tensor k, Tensor v, Runs keyRuns, KeyValueState state,
            AttentionShape shape) {
        return inner.crossAttention(q, runs, k, v, keyRuns, state, shape);
    }

    @Override
    public double crossEntropy(Tensor logits, int[] targets) {
        return inner.crossEntropy(logits, targets);
    }

    @Override
    public Tensor apply(Operation operation) {
        return inner.apply(operation);
    }

    @Override
    public boolean isBatchInvariant() {
        return inner.isBatchInvariant();
    }

    @Override
    public int segmentSublayers() {
        return inner.segmentSublayers();
    }

    /// The body uses these ops, not the inner ones.
    @Override
    public Tensor[] segment(Segment body, Tensor... inputs) {
        return inner.segment(body, inputs);
    }

    @Override
    public int mark() {
        return inner.mark();
    }

    @Override
    public void release(int mark) {
        inner.release(mark);
    }
}
