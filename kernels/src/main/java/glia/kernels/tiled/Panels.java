package glia.kernels.tiled;

import glia.tensor.Tensor;

/// Packs a weight into panels.
public interface Panels {
    /// Size of all panels of a B of so many columns and rows, in bytes.
    long sizeBytes(int cols, int depth);

    /// Packs the B whose columns are the rows of w.
    void transposed(Tensor w, long to);
}
