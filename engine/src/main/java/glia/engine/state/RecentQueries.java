package glia.engine.state;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.RopeTable;
import java.lang.foreign.Arena;
import java.util.Arrays;

/// The rotated queries of the last positions of a sequence, by layer, by which its keys are scored ([KeyScores]).
final class RecentQueries {
    /// Those of a layer, in a ring.
    private static final class Layer {
        private AttentionShape shape;
        private float[] rows = {};
        /// The first position since which none is missing, and the position after the last.
        private int first;
        private int end;

        Layer copy() {
            Layer copy = new Layer();
            copy.shape = shape;
            copy.rows = rows.clone();
            copy.first = first;
            copy.end = end;
            return copy;
        }
    }

    private final int most;
    private final StateLayout layout;
    private final Layer[] layers;

    /// @param most the number of positions
    RecentQueries(int most, StateLayout layout) {
        this.most = most;
        this.layout = layout;
        layers = new Layer[layout.numParts()];
        Arrays.setAll(layers, i -> new Layer());
    }

    private RecentQueries(RecentQueries other) {
        most = other.most;
        layout = other.layout;
        layers = Arrays.stream(other.layers).map(Layer::copy).toArray(Layer[]::new);
    }

    RecentQueries copy() {
        return new RecentQueries(this);
    }

    /// Replaces or adds the queries from a position on, which are the rows `from` to `to` of a pass. Where positions
    /// between are missing, earlier ones are forgotten.
    void put(int slot, int position, Tensor q, int from, int to, AttentionShape shape) {
        Layer layer = layers[slot];
        int size = q.cols();
        if (layer.rows.length == 0) {
            layer.rows = new float[most * size];
            layer.shape = shape;
        }
        if (position > layer.end || position < layer.first) {
            layer.first = position;
        }
        layer.end = position + to - from;
        for (int row = Math.max(from, to - most); row < to; row++) {
            Memory.load(q.address() + row * q.rowBytes(), layer.rows, (position + row - from) % most * size, size);
        }
        layer.first = Math.max(layer.first, layer.end - most);
    }

    /// Forgets all.
    void clear() {
        for (Layer layer : layers) {
            layer.first = 0;
            layer.end = 0;
        }
    }

    /// The positions of each layer and key-value head with the largest scores.
    ///
    /// @param table of the sequence
    /// @param ropes by layer; null for none
    int[][][] choose(CachePolicy.Scored policy, BlockTable table, RopeTable[] ropes) {
        int[][][] kept = new int[layers.length][][];
        try (Arena arena = Arena.ofConfined()) {
            for (int slot = 0; slot < kept.length; slot++) {
                kept[slot] = KeyScores.best(policy.scores(rows(slot, arena), table.view(layout.part(slot)),
                        layers[slot].shape, ropes[slot]), policy.budget());
            }
        }
        return kept;
    }

    /// The queries of a layer in their order, `[n, H·E]`; the last is that of the last position.
    private Tensor rows(int slot, Arena arena) {
        Layer layer = layers[slot];
        int size = layer.rows.length / most;
        Tensor rows = Tensor.allocate(arena, DType.F32, layer.end - layer.first, size);
        for (int at = layer.first; at < layer.end; at++) {
            Memory.store(layer.rows, at % most * size, rows.address() + (at - layer.first) * rows.rowBytes(), size);
        }
        return rows;
    }
}
