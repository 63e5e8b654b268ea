package glia.tensor.ops;

import glia.tensor.QuantizedMatrix;
import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.format.MatrixReader;
import glia.tensor.kernel.Scores;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// A parameter of a model. Blocks pass weights to ops and do not depend on how they are stored. Gradients belong to the
/// object: a weight used in two places gets the sum (tied weights).
public sealed interface Weight permits Weight.Plain, LowRank {
    /// An absent weight.
    Weight ABSENT = new Stored(Scores.NO_PARAMETERS);

    /// The version of the values; it grows with each update.
    long version();

    /// The dimensions, outermost first (a copy).
    long[] shape();

    /// The number of elements.
    default long size() {
        return Arrays.stream(shape()).reduce(1, Math::multiplyExact);
    }

    /// The name of the storage format.
    String format();

    /// Size of the stored data, in bytes.
    long sizeBytes();

    /// Whether matrix multiplications may quantize their activations to int8.
    boolean isQuantized();

    /// Rows of the matrix, its outputs; 1 for a vector.
    int rows();

    /// Columns of the matrix, its inputs; the length of a vector.
    int cols();

    /// Returns the values as a new F32 tensor in `arena`.
    Tensor toF32(Arena arena);

    /// A view of rows `from` (inclusive) to `to` (exclusive). It has no gradient of its own.
    Weight rows(int from, int to);

    /// A weight that is one matrix, without an adapter.
    sealed interface Plain extends Weight {
        /// The matrix that is multiplied.
        Matrix matrix();

        /// Columns `from` (inclusive) to `to` (exclusive) of the matrix, the weights of some inputs: a copy that is
        /// made at first use, and again when the values have changed. It has no gradient of its own.
        ///
        /// @throws IllegalArgumentException if they do not fill whole blocks or groups of the format, or columns are
        ///     stored in activation order
        Plain columns(int from, int to);

        @Override
        default long sizeBytes() {
            return matrix().sizeBytes();
        }

        @Override
        default boolean isQuantized() {
            return matrix().isQuantized();
        }

        @Override
        default int rows() {
            return matrix().rows();
        }

        @Override
        default int cols() {
            return matrix().cols();
        }

        @Override
        default Tensor toF32(Arena arena) {
            Matrix from = matrix();
            Tensor wide = Tensor.allocate(arena, DType.F32, shape());
            MatrixReader reader = new MatrixReader();
            for (int r = 0; r < from.rows(); r++) {
                reader.read(from, r, 0, from.cols(), wide.address() + r * wide.rowBytes());
            }
            return wide;
        }
    }

    /// A tensor of any real type, usually mapped from a file.
    final class Stored implements Plain {
        private final Tensor tensor;

        public Stored(Tensor tensor) {
            if (!tensor.dtype().isReal()) {
                throw new IllegalArgumentException("a weight must hold real numbers, not " + tensor);
            }
            this.tensor = tensor;
        }

        public Tensor tensor() {
            return tensor;
        }

        /// Changes the values in place. Data derived from the old values is not used any more.
        ///
        /// @param change writes to the tensor, which keeps its address
        /// @throws IllegalStateException if the tensor is a read-only mapping of a file
        public void update(Consumer<Tensor> change) {
            if (tensor.memory().isReadOnly()) {
                throw new IllegalStateException(tensor + " is a read-only mapping of a file; load the model with"
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
        public Stored rows(int from, int to) {
            return new Stored(tensor.rows(from, to));
        }

        @Override
        public Deferred columns(int from, int to) {
            return Deferred.columns(tensor, () -> tensor, tensor.dtype(), tensor.rows(), tensor.cols(), from, to);
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

    /// A matrix that is built at its first use: a rearranged copy of a file's values, for example of an expert that may
    /// never be chosen. If those values have changed, it is copied again.
    final class Deferred implements Plain {
        /// Builds the matrix.
        public interface Maker {
            /// Builds the matrix in memory that lives as long as the weight. Called once.
            Tensor make();

            /// Builds the matrix again from the origin's current values, in memory of `arena`.
            Tensor rebuild(Arena arena);
        }

        private final DType dtype;
        private final int rows;
        private final int cols;
        private final Tensor origin;
        private final Maker maker;
        private Tensor made;
        private long version;

        /// @param origin the tensor whose values are copied
        /// @param maker builds a matrix of this type and shape
        public Deferred(DType dtype, int rows, int cols, Tensor origin, Maker maker) {
            if (!dtype.isReal()) {
                throw new IllegalArgumentException("a weight must hold real numbers, not " + dtype);
            }
            this.dtype = dtype;
            this.rows = rows;
            this.cols = cols;
            this.origin = origin;
            this.maker = maker;
        }

        /// The type of the matrix; does not build it.
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
                    made.copyFrom(checked(maker.rebuild(arena)));
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

        @Override
        public Deferred rows(int from, int to) {
            Objects.checkFromToIndex(from, to, rows);
            return new Deferred(dtype, to - from, cols, origin, new Maker() {
                @Override
                public Tensor make() {
                    return Deferred.this.matrix().rows(from, to);
                }

                /// The same memory, with new values.
                @Override
                public Tensor rebuild(Arena arena) {
                    return make();
                }
            });
        }

        @Override
        public Deferred columns(int from, int to) {
            return columns(origin, this::matrix, dtype, rows, cols, from, to);
        }

        private static Deferred columns(Tensor origin, Supplier<Tensor> whole, DType dtype, int rows, int cols,
                int from, int to) {
            Objects.checkFromToIndex(from, to, cols);
            dtype.bytes(from);
            dtype.bytes(to - from);
            return new Deferred(dtype, rows, to - from, origin, new Maker() {
                @Override
                public Tensor make() {
                    return rebuild(Arena.ofAuto());
                }

                @Override
                public Tensor rebuild(Arena arena) {
                    return whole.get().columns(arena, from, to);
                }
            });
        }

        /// The version of the origin and of the copy, once it is built.
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
        public boolean isQuantized() {
            return dtype.isQuantized();
        }
    }

    /// A matrix of codes and scales, as in quantized Hugging Face checkpoints. It stays packed.
    final class Quantized implements Plain {
        private final QuantizedMatrix quantized;

        public Quantized(QuantizedMatrix quantized) {
            this.quantized = quantized;
        }

        @Override
        public QuantizedMatrix matrix() {
            return quantized;
        }

        @Override
        public Quantized rows(int from, int to) {
            return new Quantized(quantized.rows(from, to - from, 1));
        }

        @Override
        public Quantized columns(int from, int to) {
            return new Quantized(quantized.columns(from, to));
        }

        @Override
        public long version() {
            return quantized.version();
        }

        @Override
        public long[] shape() {
            return new long[] {quantized.rows(), quantized.cols()};
        }

        @Override
        public String format() {
            return quantized.format();
        }
    }
}
