package glia.tensor.ops;

import glia.tensor.Tensor;

/// A parameter of a model as blocks see it. Blocks hand weights to ops and never ask how they are stored.
/// Gradients belong to the object: one weight used in two places gets the sum.
public sealed interface Weight {
    /// Rows of the matrix, its outputs; 1 for a vector.
    int rows();

    /// Columns of the matrix, its inputs; the length of a vector.
    int cols();

    /// A tensor of any real type, usually mapped from a file.
    final class Stored implements Weight {
        private final Tensor tensor;

        public Stored(Tensor tensor) {
            if (!tensor.dtype().isReal()) {
                throw new IllegalArgumentException("a weight holds real numbers, not " + tensor);
            }
            this.tensor = tensor;
        }

        public Tensor tensor() {
            return tensor;
        }

        @Override
        public int rows() {
            return tensor.rows();
        }

        @Override
        public int cols() {
            return tensor.cols();
        }
    }
}
