package glia.kernels.tiled;

import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.PackedWeightStore;
import java.lang.foreign.MemorySegment;

/// Weights as panels of numbers of 16 bits (`PackedWeightCache`), where there is memory for them. A file's pages that
/// were read for it leave the process's memory, not the system's cache.
public final class PackedHalfWeights implements PackedWeightCache.Maker {
    private final PackedWeightCache forms = new PackedWeightCache();
    private final PackingTiles tiles;
    private final Panels panels;
    private final String form;

    /// None yet.
    ///
    /// @param form what panels of this kind are called where they are kept from one run to another
    public PackedHalfWeights(PackingTiles tiles, Panels panels, String form) {
        this.tiles = tiles;
        this.panels = panels;
        this.form = form;
    }

    /// Where panels are looked for, and who is told of each weight that is packed.
    void usePackedWeights(PackedWeightStore other) {
        forms.usePackedWeights(other);
    }

    /// The panels of w, whose rows are columns of B; null where there was no memory for them when w was first met:
    /// a weight is always multiplied in the same way.
    public MemorySegment of(Tensor w) {
        MemorySegment known = forms.current(w);
        return known != null ? known : forms.make(w, form, panels.sizeBytes(w.rows(), w.cols()), this);
    }

    @Override
    public MemorySegment memory(long sizeBytes) {
        return tiles.memory(sizeBytes);
    }

    @Override
    public void make(Matrix w, long to) {
        Tensor t = (Tensor) w;
        panels.transposed(t, to);
        tiles.dropPages(t);
    }

    @Override
    public boolean isOptional() {
        return true;
    }
}
