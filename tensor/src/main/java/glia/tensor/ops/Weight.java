package glia.tensor.ops;

import glia.tensor.CodedMatrix;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.Scores;

/// A parameter of a model as blocks see it. Blocks hand weights to ops and never ask how they are stored.
/// Gradients belong to the object: one weight used in two places gets the sum.
public sealed interface Weight {
    /// No numbers at all.
    Weight NOTHING = new Stored(Scores.NOTHING);

    /// The numbers as products read them.
    Matrix matrix();

    /// Rows of the matrix, its outputs; 1 for a vector.
    default int rows() {
        return matrix().rows();
    }

    /// Columns of the matrix, its inputs; the length of a vector.
    default int cols() {
        return matrix().cols();
    }

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
        public Matrix matrix() {
            return tensor;
        }
    }

    /// A matrix of codes and scales, as quantised checkpoints of the hub have them. It stays packed.
    final class Coded implements Weight {
        private final CodedMatrix coded;

        public Coded(CodedMatrix coded) {
            this.coded = coded;
        }

        @Override
        public CodedMatrix matrix() {
            return coded;
        }
    }
}
