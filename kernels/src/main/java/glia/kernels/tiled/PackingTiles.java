package glia.kernels.tiled;

import glia.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/// Inner loops for weights that stay packed.
public interface PackingTiles extends Tiles {
    /// Allocates memory for panels, freed when no longer reachable.
    MemorySegment memory(long sizeBytes);

    /// Drops the pages of a mapped weight from resident memory, unless it was updated.
    void dropPages(Tensor w);
}
