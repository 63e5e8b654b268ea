package glia.tensor.kernel;

import glia.tensor.DType;
import glia.tensor.Tensor;
import java.util.Arrays;

/// An empty cache that stores nothing, like `KeyValueState.NONE`, and reuses its views: sequences are full, from
/// position 0, as in training. For one thread.
public final class FullSequences implements KeyValueState {
    private KeyValues[] views = {};

    /// Creates a cache without views.
    public FullSequences() { }

    @Override
    public KeyValues[] append(Tensor keys, Tensor values, Runs runs) {
        if (keys.dtype() != DType.F32 || values.dtype() != DType.F32 || keys.rows() != values.rows()) {
            throw new IllegalArgumentException("keys " + keys + " and values " + values);
        }
        int before = views.length;
        if (runs.count() > before) {
            views = Arrays.copyOf(views, Math.max(2 * before, runs.count()));
            for (int i = before; i < views.length; i++) {
                views[i] = new KeyValues(1, keys.cols(), values.cols());
            }
        }
        for (int i = 0; i < runs.count(); i++) {
            if (runs.position(i) != 0) {
                throw new IllegalArgumentException("without a KV cache a sequence starts at position 0, not "
                        + runs.position(i));
            }
            views[i].view(keys, values, runs.start(i), runs.end(i));
        }
        return views;
    }
}
