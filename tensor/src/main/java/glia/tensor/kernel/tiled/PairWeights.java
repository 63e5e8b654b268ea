package glia.tensor.kernel.tiled;

import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.WeakHashMap;

/// Weights rounded to BF16 as panels of pairs, packed when a weight is first met and kept until it is no longer
/// reachable. What counts is the object: its numbers must not change. A file's pages that were read for it leave the
/// process's memory, not the system's cache.
public final class PairWeights {
    private final Map<Tensor, MemorySegment> packed = new WeakHashMap<>();
    private final PairTiles tiles;
    private final Panels panels;

    /// None yet.
    public PairWeights(PairTiles tiles, Panels panels) {
        this.tiles = tiles;
        this.panels = panels;
    }

    /// The panels of w: its rows are columns of B.
    public MemorySegment of(Tensor w) {
        MemorySegment kept = packed.get(w);
        if (kept == null) {
            kept = tiles.memory(panels.sizeBytes(w.rows(), w.cols()));
            panels.turned(w, kept.address());
            tiles.forget(w);
            packed.put(w, kept);
        }
        return kept;
    }
}
