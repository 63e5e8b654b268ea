package glia.tensor.ops.attention;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.PartialAttention;
import glia.tensor.kernel.RelativePositions;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Span;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;

/// Attention with [RelativePositions]: that to near keys, and that to each part of the others, whose keys and queries
/// are turned to their positions, are merged by their denominators. Without gradients.
public final class RelativeAttention implements Operation {
    private final Tensor q;
    private final Tensor k;
    private final Tensor v;
    private final KeyValueState state;
    private final Runs runs;
    private final AttentionShape shape;
    private final RopeTable rope;
    private final RelativePositions positions;

    /// @param q rotated, `[N, H·E]`, and so are keys
    /// @param shape of causal attention with plain scores
    public RelativeAttention(Tensor q, Tensor k, Tensor v, KeyValueState state, Runs runs, AttentionShape shape,
            RopeTable rope, RelativePositions positions) {
        this.q = q;
        this.k = k;
        this.v = v;
        this.state = state;
        this.runs = runs;
        this.shape = shape;
        this.rope = rope;
        this.positions = positions;
    }

    private AttentionShape with(Span span) {
        return new AttentionShape(shape.numHeads(), shape.numKeyValueHeads(), shape.keySize(), shape.valueSize(),
                shape.scale(), span);
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(q.rows(), shape.numHeads() * shape.valueSize());
        int mark = ops.mark();
        Tensor logSumExp = ops.allocate(q.rows(), shape.numHeads());
        KeyValues[] views = state.append(k, v, runs);
        ops.kernels().attention(y, logSumExp, q, views, runs, with(positions.near()));
        for (int run = 0; run < runs.count(); run++) {
            int position = runs.position(run);
            int count = runs.end(run) - runs.start(run);
            int far = 0;
            for (int part = 0; part < positions.parts() && count > 0; part++) {
                far = Math.max(far, positions.end(part, position + count - 1));
            }
            if (far > 0) {
                int inner = ops.mark();
                Tensor keys = ops.allocate(far, shape.numKeyValueHeads() * shape.keySize());
                Tensor values = ops.allocate(far, shape.numKeyValueHeads() * shape.valueSize());
                load(views[run], keys, values);
                for (int part = 0; part < positions.parts(); part++) {
                    far(ops, y, logSumExp, run, part, keys, values);
                }
                ops.release(inner);
            }
        }
        ops.release(mark);
        return y;
    }

    /// Loads the first keys, turned to their positions for far queries, and values.
    private void load(KeyValues view, Tensor keys, Tensor values) {
        float[] key = new float[shape.keySize()];
        float[] value = new float[shape.valueSize()];
        for (int j = 0; j < keys.rows(); j++) {
            RopeTable.Turn turn = rope.by(positions.key(j) - j);
            for (int head = 0; head < shape.numKeyValueHeads(); head++) {
                view.type().load(view.keyAddress(j), head * key.length, key.length, key);
                turn.turn(key);
                Memory.store(key, 0, keys.address() + j * keys.rowBytes() + (long) Float.BYTES * head * key.length,
                        key.length);
                view.type().ofValues().load(view.valueAddress(j), head * value.length, value.length, value);
                Memory.store(value, 0, values.address() + j * values.rowBytes() + (long) Float.BYTES * head
                        * value.length, value.length);
            }
        }
    }

    /// Adds the attention of a run's queries to a part of the far keys.
    private void far(Compute ops, Tensor y, Tensor logSumExp, int run, int part, Tensor keys, Tensor values) {
        int start = runs.start(run);
        int from = start;
        while (from < runs.end(run) && isEmpty(part, runs.position(run) + from - start)) {
            from++;
        }
        int count = runs.end(run) - from;
        if (count == 0) {
            return;
        }
        int mark = ops.mark();
        Tensor queries = ops.allocate(count, q.cols());
        Tensor out = ops.allocate(count, y.cols());
        Tensor sums = ops.allocate(count, shape.numHeads());
        KeyValues[] lists = new KeyValues[count];
        Runs each = new Runs();
        float[] head = new float[shape.keySize()];
        for (int row = 0; row < count; row++) {
            int i = runs.position(run) + from - start + row;
            RopeTable.Turn turn = rope.by(positions.query(part, i) - i);
            for (int h = 0; h < shape.numHeads(); h++) {
                long at = (long) Float.BYTES * h * head.length;
                Memory.load(q.address() + (from + row) * q.rowBytes() + at, head, 0, head.length);
                turn.turn(head);
                Memory.store(head, 0, queries.address() + row * queries.rowBytes() + at, head.length);
            }
            int first = positions.first(part, i);
            int end = positions.end(part, i);
            lists[row] = KeyValues.of(keys.rows(first, end), values.rows(first, end));
            each.add(1, end - first - 1);
        }
        ops.kernels().attention(out, sums, queries, lists, each, with(new Span.Causal()));
        new PartialAttention(ops.kernels().workers()).merge(y.rows(from, from + count),
                logSumExp.rows(from, from + count), out, sums);
        ops.release(mark);
    }

    private boolean isEmpty(int part, int i) {
        return positions.end(part, i) <= positions.first(part, i);
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(q, k, v);
    }

    /// @throws IllegalStateException always
    @Override
    public void backward(Tape tape, Tensor y) {
        throw new IllegalStateException("attention with other relative positions (Self-Extend, dual chunk attention) "
                + "has no gradients; train with yarn, linear or another scaling of frequencies");
    }
}
