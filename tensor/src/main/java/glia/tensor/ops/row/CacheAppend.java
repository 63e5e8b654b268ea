package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;

/// Appends rows to the KV cache that a later pass needs, although this pass does not attend to them through the cache.
/// The result is the rows as later passes read them: unchanged, or rounded to the cache's type.
public record CacheAppend(Tensor rows, KeyValueState state, Runs runs) implements Operation {
    @Override
    public Tensor forward(Compute ops) {
        KeyValues[] sequences = state.append(rows, rows, runs);
        if (runs.count() == 0 || sequences[0].type() == KeyValueType.F32) {
            return rows;
        }
        Tensor read = ops.allocate(rows.rows(), rows.cols());
        for (int run = 0; run < runs.count(); run++) {
            ops.kernels().loadKeys(read.rows(runs.start(run), runs.end(run)), sequences[run], runs.position(run));
        }
        return read;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(rows);
    }

    /// Recorded passes have no KV cache, so the result is the input and there is nothing to record.
    @Override
    public void backward(Tape tape, Tensor y) {
        throw new IllegalStateException("gradients need an F32 KV cache or none: record without a cache");
    }
}
