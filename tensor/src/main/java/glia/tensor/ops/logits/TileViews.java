package glia.tensor.ops.logits;

import glia.tensor.Tensor;

/// Views of parts of matrices and vectors that are computed tile by tile.
final class TileViews {
    private TileViews() { }

    /// The first values of a tile as a smaller matrix.
    static Tensor matrix(Tensor tile, int rows, int cols) {
        return Tensor.of(tile.dtype(), tile.memory().asSlice(0, 4L * rows * cols), rows, cols);
    }

    /// The values of a vector from `from` (inclusive) to `to` (exclusive).
    static Tensor vector(Tensor row, int from, int to) {
        return Tensor.of(row.dtype(), row.memory().asSlice(4L * from, 4L * (to - from)), to - from);
    }
}
