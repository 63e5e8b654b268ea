package glia.kernels.tiled;

import glia.tensor.Tensor;
import glia.tensor.kernel.Conversions;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.WeakHashMap;

/// Weights of 16 bits as panels, packed when a weight is first met and kept until it is no longer reachable. What
/// counts is the object: its numbers must not change. A file's pages that were read for it leave the process's memory,
/// not the system's cache.
public final class KeptWeights {
    /// Matrices are equal only to themselves.
    private final Map<Tensor, MemorySegment> packed = new WeakHashMap<>();
    private final KeptTiles tiles;
    private final Panels panels;
    private final String form;
    private Conversions conversions = Conversions.NONE;

    /// None yet.
    ///
    /// @param form what panels of this kind are called where they are kept from one run to another
    public KeptWeights(KeptTiles tiles, Panels panels, String form) {
        this.tiles = tiles;
        this.panels = panels;
        this.form = form;
    }

    /// Where panels are looked for, and who is told of each weight that is packed.
    void conversions(Conversions other) {
        conversions = other;
    }

    /// The panels of w, whose rows are columns of B; null where there is no memory for them.
    public MemorySegment of(Tensor w) {
        MemorySegment known = packed.get(w);
        if (known == null) {
            long sizeBytes = panels.sizeBytes(w.rows(), w.cols());
            known = conversions.kept(w, form, sizeBytes);
            if (known == null) {
                if (!conversions.hasRoom(sizeBytes)) {
                    return null;
                }
                known = tiles.memory(sizeBytes);
                panels.transposed(w, known.address());
                tiles.forget(w);
                conversions.converted(w, form, known);
            }
            packed.put(w, known);
        }
        return known;
    }
}
