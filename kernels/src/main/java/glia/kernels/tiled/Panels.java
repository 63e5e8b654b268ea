package glia.kernels.tiled;

import glia.tensor.Tensor;

/// What packs a weight as panels that can be kept.
public interface Panels {
    /// Bytes of all panels of a B of so many columns and rows.
    long sizeBytes(int cols, int depth);

    /// Packs the B whose columns are the rows of w.
    void transposed(Tensor w, long to);
}
