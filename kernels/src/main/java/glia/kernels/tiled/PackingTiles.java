package glia.kernels.tiled;

import glia.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/// Inner loops for weights whose panels are kept.
public interface PackingTiles extends Tiles {
    /// Memory for panels, freed when it is no longer reachable.
    MemorySegment memory(long sizeBytes);

    /// Lets the pages of a mapped weight go, which was read and is not needed soon, unless it was updated.
    void dropPages(Tensor w);
}
