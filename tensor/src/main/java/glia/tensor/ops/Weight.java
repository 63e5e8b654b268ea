package glia.tensor.ops;

import glia.tensor.CodedMatrix;
import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.Scores;
import java.lang.foreign.Arena;
import java.util.function.Consumer;

/// A parameter of a model as blocks see it. Blocks hand weights to ops and never ask how they are stored.
/// Gradients belong to the object: one weight used in two places gets the sum.
public sealed interface Weight {
    /// No numbers at all.
    Weight NOTHING = new Stored(Scores.NOTHING);

    /// The numbers as products read them.
    Matrix matrix();

    /// A number that grows whenever the weight is updated.
    long version();

    /// The dimensions, outermost first (a copy).
    long[] shape();

    /// What the numbers are stored as.
    String format();

    /// Bytes of what is stored.
    default long sizeBytes() {
        return matrix().sizeBytes();
    }

    /// Whether products may round their activations to 8 bits.
    default boolean isQuantised() {
        return matrix().isQuantised();
    }

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

        /// Changes the numbers in place: nothing that was derived from the old ones is used any more.
        ///
        /// @param change writes to the tensor, which stays at its address
        /// @throws IllegalStateException if the tensor lies in a file that is only read
        public void update(Consumer<Tensor> change) {
            if (tensor.memory().isReadOnly()) {
                throw new IllegalStateException(tensor + " lies in a file that is only read; load the model with"
                        + " copies of the weights to be updated");
            }
            try {
                change.accept(tensor);
            } finally {
                tensor.changed();
            }
        }

        @Override
        public Matrix matrix() {
            return tensor;
        }

        @Override
        public long version() {
            return tensor.version();
        }

        @Override
        public long[] shape() {
            return tensor.shape();
        }

        @Override
        public String format() {
            return tensor.dtype().name();
        }
    }

    /// A matrix that is made when its numbers are first asked for: a copy of a file's numbers in another order, for an
    /// expert that may never be chosen. Where these numbers have changed, they are copied again.
    final class Deferred implements Weight {
        /// Makes the matrix.
        public interface Maker {
            /// The matrix, in memory that lives as long as the weight. Called once.
            Tensor make();

            /// The same with the origin's present numbers, in memory of `arena`.
            Tensor again(Arena arena);
        }

        private final DType dtype;
        private final int rows;
        private final int cols;
        private final Tensor origin;
        private final Maker maker;
        private Tensor made;
        private long version;

        /// @param origin what the numbers are copied from
        /// @param maker gives a matrix of this type and shape
        public Deferred(DType dtype, int rows, int cols, Tensor origin, Maker maker) {
            if (!dtype.isReal()) {
                throw new IllegalArgumentException("a weight holds real numbers, not " + dtype);
            }
            this.dtype = dtype;
            this.rows = rows;
            this.cols = cols;
            this.origin = origin;
            this.maker = maker;
        }

        /// The type of the matrix, which need not be made for that.
        public DType dtype() {
            return dtype;
        }

        @Override
        public Tensor matrix() {
            if (made == null) {
                made = checked(maker.make());
                version = origin.version();
            } else if (version != origin.version()) {
                try (Arena arena = Arena.ofConfined()) {
                    made.copyFrom(checked(maker.again(arena)));
                }
                version = origin.version();
            }
            return made;
        }

        private Tensor checked(Tensor t) {
            if (t.dtype() != dtype || !t.is(rows, cols)) {
                throw new IllegalStateException(t + " was made for " + dtype + " " + rows + " by " + cols);
            }
            return t;
        }

        /// That of the origin and of the copy, once there is one.
        @Override
        public long version() {
            return origin.version() + (made == null ? 0 : made.version());
        }

        @Override
        public int rows() {
            return rows;
        }

        @Override
        public int cols() {
            return cols;
        }

        @Override
        public long[] shape() {
            return new long[] {rows, cols};
        }

        @Override
        public String format() {
            return dtype.name();
        }

        @Override
        public long sizeBytes() {
            return rows * dtype.bytes(cols);
        }

        @Override
        public boolean isQuantised() {
            return dtype.isQuantised();
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

        @Override
        public long version() {
            return coded.version();
        }

        @Override
        public long[] shape() {
            return new long[] {coded.rows(), coded.cols()};
        }

        @Override
        public String format() {
            return coded.format();
        }
    }
}
