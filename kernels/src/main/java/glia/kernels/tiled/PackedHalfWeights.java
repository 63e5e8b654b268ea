package glia.kernels.tiled;

import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.PackedWeightStore;
import java.lang.foreign.MemorySegment;

/// FP16 or BF16 weights packed into panels (`PackedWeightCache`), as far as there is memory. After packing, the pages
/// of a mapped file leave the process's resident memory, but not the page cache.
public final class PackedHalfWeights implements PackedWeightCache.Maker {
    private final PackedWeightCache forms = new PackedWeightCache();
    private final PackingTiles tiles;
    private final Panels panels;
    private final String form;

    /// Creates an empty cache.
    ///
    /// @param form the name of these panels in persistent stores
    public PackedHalfWeights(PackingTiles tiles, Panels panels, String form) {
        this.tiles = tiles;
        this.panels = panels;
        this.form = form;
    }

    /// Sets the store in which panels are looked up and to which packed ones are offered.
    void usePackedWeights(PackedWeightStore other) {
        forms.usePackedWeights(other);
    }

    /// The panels of w, whose rows are columns of B; null if there was no memory for them at the first use of w: a
    /// weight is always multiplied in the same way.
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
