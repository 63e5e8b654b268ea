package glia.tensor.ops;

import glia.tensor.QuantizedMatrix;
import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.format.MatrixReader;
import glia.tensor.kernel.Scores;
import java.lang.foreign.Arena;
import java.util.Objects;
import java.util.function.Consumer;

/// A parameter of a model as blocks see it. Blocks hand weights to ops and never ask how they are stored.
/// Gradients belong to the object: one weight used in two places gets the sum.
public sealed interface Weight permits Weight.Plain, LowRank {
    /// No numbers at all.
    Weight ABSENT = new Stored(Scores.NO_PARAMETERS);

    /// A number that grows whenever the weight is updated.
    long version();

    /// The dimensions, outermost first (a copy).
    long[] shape();

    /// What the numbers are stored as.
    String format();

    /// Bytes of what is stored.
    long sizeBytes();

    /// Whether products may round their activations to 8 bits.
    boolean isQuantized();

    /// Rows of the matrix, its outputs; 1 for a vector.
    int rows();

    /// Columns of the matrix, its inputs; the length of a vector.
    int cols();

    /// The numbers as a new F32 tensor in `arena`.
    Tensor toF32(Arena arena);

    /// A view of rows `from` (inclusive) to `to` (exclusive). It has no gradient of its own.
    Weight rows(int from, int to);

    /// A weight whose numbers are one matrix.
    sealed interface Plain extends Weight {
        /// The numbers as products read them.
        Matrix matrix();

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
        public Stored rows(int from, int to) {
            return new Stored(tensor.rows(from, to));
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
    final class Deferred implements Plain {
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

        @Override
        public Deferred rows(int from, int to) {
            Objects.checkFromToIndex(from, to, rows);
            return new Deferred(dtype, to - from, cols, origin, new Maker() {
                @Override
                public Tensor make() {
                    return Deferred.this.matrix().rows(from, to);
                }

                /// The same memory, with new numbers.
                @Override
                public Tensor again(Arena arena) {
                    return make();
                }
            });
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
        public boolean isQuantized() {
            return dtype.isQuantized();
        }
    }

    /// A matrix of codes and scales, as quantized checkpoints of the hub have them. It stays packed.
    final class Quantized implements Plain {
        private final QuantizedMatrix coded;

        public Quantized(QuantizedMatrix coded) {
            this.coded = coded;
        }

        @Override
        public QuantizedMatrix matrix() {
            return coded;
        }

        @Override
        public Quantized rows(int from, int to) {
            return new Quantized(coded.rows(from, to - from, 1));
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
