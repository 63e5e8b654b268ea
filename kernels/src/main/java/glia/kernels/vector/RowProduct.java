package glia.kernels.vector;

import static glia.kernels.vector.RowProduct.Rows.S;
import static glia.kernels.vector.Simd.*;
import static glia.tensor.Memory.ALL;
import static jdk.incubator.vector.VectorOperators.*;

import glia.kernels.tiled.Scratch;
import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Memory;
import glia.tensor.QuantizedMatrix;
import glia.tensor.Tensor;
import glia.tensor.format.MatrixReader;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/// GEMV: `linear` for a few tokens, which is bound by reading the weight. Each row of the weight is multiplied in its
/// stored format. Rows are distributed over the workers in pairs.
public final class RowProduct extends RangeTask {
    /// Rows that a worker multiplies by all tokens at a time, so that they are still in its cache for the second token.
    private static final int BLOCK = 16;

    private final Scratch sums = new Scratch();
    private final Scratch[] scratch;
    private final MatrixReader[] readers;
    private Tensor y;
    private Tensor x;
    private Matrix w;
    private long sumsAt;
    private long sumsBytes;

    public RowProduct(Workers workers) {
        super(workers);
        scratch = Scratch.each(workers.count());
        readers = MatrixReader.each(workers.count());
    }

    /// Whether rows of this weight are supported on this processor.
    static boolean supports(Matrix w) {
        return switch (w) {
            case QuantizedMatrix c -> true;
            case Tensor t -> switch (t.dtype()) {
                case F32 -> true;
                case F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q4_K, Q6_K -> Rows.AVAILABLE;
                default -> false;
            };
        };
    }

    public void run(Tensor y, Tensor x, Matrix w) {
        this.y = y;
        this.x = x;
        this.w = w;
        sumsBytes = 4L * x.cols();
        sumsAt = sums.reserve(sumsBytes * x.rows());
        for (int n = 0; w instanceof Tensor t && n < x.rows(); n++) {
            prepare(x.address() + n * x.rowBytes(), x.cols(), t.dtype(), sumsAt + n * sumsBytes);
        }
        distribute(Math.ceilDiv(w.rows(), 2), 2L * w.cols() * x.rows());
    }

    /// Sums of activations, by which offsets and minima of blocks are multiplied.
    private static void prepare(long x, int cols, DType type, long to) {
        switch (type) {
            case Q4_0 -> Rows32.pairSums(x, cols / 32, -8, to);
            case Q4_1 -> Rows32.pairSums(x, cols / 32, 1, to);
            case Q5_0 -> Rows32.pairSums(x, cols / 32, -16, to);
            case Q4_K -> {
                for (int i = 0; i < cols / 32; i++) {
                    float sum = 0;
                    for (int j = 0; j < 32; j++) {
                        sum += Memory.f32(x + 4L * (32 * i + j));
                    }
                    Memory.f32(to + 4L * i, sum);
                }
            }
            default -> { }
        }
    }

    @Override
    protected void range(int from, int to, int worker) {
        int end = Math.min(w.rows(), 2 * to);
        long fixed = BLOCK * Simd.BYTES + Rows256.SCALES_BYTES;
        boolean quantized = w instanceof QuantizedMatrix;
        long partial = scratch[worker].reserve(fixed + (quantized ? BLOCK * 4L * w.cols() : 0));
        for (int r = 2 * from; r < end; r += BLOCK) {
            int rows = Math.min(BLOCK, end - r);
            for (int i = 0; quantized && i < rows; i++) {
                readers[worker].read(w, r + i, 0, w.cols(), partial + fixed + 4L * i * w.cols());
            }
            for (int n = 0; n < x.rows(); n++) {
                switch (w) {
                    case Tensor t -> rows(t, r, rows, n, partial);
                    case QuantizedMatrix c -> RowsPlain.f32(partial + fixed, 4L * c.cols(), rows,
                            x.address() + n * x.rowBytes(), c.cols(), partial);
                }
                Rows.reduce(partial, rows, 1, y.address() + n * y.rowBytes() + 4L * r);
            }
        }
    }

    private void rows(Tensor w, int first, int rows, int token, long to) {
        int cols = w.cols();
        long rowBytes = w.rowBytes();
        long at = w.address() + first * rowBytes;
        long v = x.address() + token * x.rowBytes();
        long s = sumsAt + token * sumsBytes;
        long free = to + BLOCK * Simd.BYTES;
        switch (w.dtype()) {
            case F32 -> RowsPlain.f32(at, rowBytes, rows, v, cols, to);
            case F16 -> RowsPlain.f16(at, rowBytes, rows, v, cols, to);
            case BF16 -> RowsPlain.bf16(at, rowBytes, rows, v, cols, to);
            case Q8_0 -> Rows32.q8p0(at, rowBytes, rows, v, cols / 32, to);
            case Q4_0 -> Rows32.q4p0(at, rowBytes, rows, v, s, cols / 32, to);
            case Q4_1 -> Rows32.q4p1(at, rowBytes, rows, v, s, cols / 32, to);
            case Q5_0 -> Rows32.q5p0(at, rowBytes, rows, v, s, cols / 32, to);
            case Q4_K -> Rows256.q4k(at, rowBytes, rows, v, s, cols / 256, to, free);
            case Q6_K -> Rows256.q6k(at, rowBytes, rows, v, cols / 256, to, free);
            default -> throw new AssertionError(w.dtype());
        }
    }

    /// Shared code of the products of quantized rows with one vector of activations (`Rows32`, `Rows256`, `RowsPlain`).
    ///
    /// All take the address of the rows, bytes from row to row, the number of rows, the activations, sums of these if
    /// needed, the number of blocks (or values) in a row, and the address for each row's vector of partial sums.
    static final class Rows {
        /// Whether this processor's vectors are wide enough: as many packed bytes are loaded as a vector has lanes, and
        /// the narrowest load has 8.
        static final boolean AVAILABLE = LANES >= 8;

        /// As many bytes as a vector has lanes.
        static final VectorSpecies<Byte> B =
                VectorSpecies.of(byte.class, VectorShape.forBitSize(AVAILABLE ? 8 * LANES : 64));

        /// As many 16-bit values as a vector has lanes.
        static final VectorSpecies<Short> S = VectorSpecies.of(short.class, VectorShape.forBitSize(16 * LANES));

        /// Lane i holds i.
        static final IntVector INDEX = IntVector.zero(Simd.I).addIndex(1);

        private static final VectorShuffle<Float> BY_8 = rotation(8);
        private static final VectorShuffle<Float> BY_4 = rotation(4);
        private static final VectorShuffle<Float> BY_2 = rotation(2);
        private static final VectorShuffle<Float> BY_1 = rotation(1);

        private Rows() { }

        /// Lane i takes lane i + `distance`, cyclically.
        private static VectorShuffle<Float> rotation(int distance) {
            return VectorShuffle.fromOp(F, i -> (i + distance) % LANES);
        }

        /// Reduces `count` vectors of partial sums, by halves as in `Simd.sum`, and multiplies them by a factor.
        static void reduce(long partial, int count, float factor, long to) {
            for (int i = 0; i < count; i++) {
                FloatVector s = FloatVector.fromMemorySegment(F, ALL, partial + (long) i * BYTES & ADDRESS, ORDER);
                s = LANES < 16 ? s : s.add(s.rearrange(BY_8));
                s = LANES < 8 ? s : s.add(s.rearrange(BY_4));
                s = s.add(s.rearrange(BY_2));
                s = s.add(s.rearrange(BY_1));
                ALL.set(Memory.F32, to + 4L * i & ADDRESS, factor * s.lane(0));
            }
        }
    }

    /// Products of rows of F32, F16 and BF16 (see `Rows` for the arguments). Values that fill no vector are added to
    /// the first lane.
    static final class RowsPlain {
        private static final int STEP = 4 * LANES;

        private RowsPlain() { }

        static void f32(long w, long rowBytes, int rows, long x, int count, long to) {
            int whole = count / LANES * LANES;
            for (int r = 0; r < rows; r++) {
                long from = w + r * rowBytes;
                FloatVector s0 = FloatVector.zero(F);
                FloatVector s1 = FloatVector.zero(F);
                FloatVector s2 = FloatVector.zero(F);
                FloatVector s3 = FloatVector.zero(F);
                int k = 0;
                for (; k <= count - STEP; k += STEP) {
                    long a = from + 4L * k & ADDRESS;
                    long b = x + 4L * k & ADDRESS;
                    s0 = FloatVector.fromMemorySegment(F, ALL, a, ORDER)
                            .fma(FloatVector.fromMemorySegment(F, ALL, b, ORDER), s0);
                    s1 = FloatVector.fromMemorySegment(F, ALL, a + BYTES, ORDER)
                            .fma(FloatVector.fromMemorySegment(F, ALL, b + BYTES, ORDER), s1);
                    s2 = FloatVector.fromMemorySegment(F, ALL, a + 2 * BYTES, ORDER)
                            .fma(FloatVector.fromMemorySegment(F, ALL, b + 2 * BYTES, ORDER), s2);
                    s3 = FloatVector.fromMemorySegment(F, ALL, a + 3 * BYTES, ORDER)
                            .fma(FloatVector.fromMemorySegment(F, ALL, b + 3 * BYTES, ORDER), s3);
                }
                for (; k < whole; k += LANES) {
                    s0 = FloatVector.fromMemorySegment(F, ALL, from + 4L * k & ADDRESS, ORDER)
                            .fma(FloatVector.fromMemorySegment(F, ALL, x + 4L * k & ADDRESS, ORDER), s0);
                }
                long at = to + (long) r * BYTES & ADDRESS;
                s0.add(s1).add(s2.add(s3)).intoMemorySegment(ALL, at, ORDER);
                for (; k < count; k++) {
                    Memory.f32(at, Memory.f32(at) + Memory.f32(from + 4L * k) * Memory.f32(x + 4L * k));
                }
            }
        }

        /// F16 values are converted as in `Unpack.halves`.
        static void f16(long w, long rowBytes, int rows, long x, int count, long to) {
            int whole = count / LANES * LANES;
            for (int r = 0; r < rows; r++) {
                long from = w + r * rowBytes;
                FloatVector s = FloatVector.zero(F);
                for (int k = 0; k < whole; k += LANES) {
                    IntVector h = (IntVector) ShortVector.fromMemorySegment(S, ALL, from + 2L * k & ADDRESS, ORDER)
                            .convertShape(ZERO_EXTEND_S2I, I, 0);
                    IntVector magnitude = h.and(0x7fff).lanewise(LSHL, 13);
                    IntVector bits = magnitude.reinterpretAsFloats().mul(0x1p112f).reinterpretAsInts()
                            .lanewise(OR, 0x7f800000, magnitude.compare(GE, 0x7c00 << 13));
                    FloatVector v = bits.or(h.and(0x8000).lanewise(LSHL, 16)).reinterpretAsFloats();
                    s = v.fma(FloatVector.fromMemorySegment(F, ALL, x + 4L * k & ADDRESS, ORDER), s);
                }
                long at = to + (long) r * BYTES & ADDRESS;
                s.intoMemorySegment(ALL, at, ORDER);
                for (int k = whole; k < count; k++) {
                    Memory.f32(at, Memory.f32(at) + Memory.f16(from + 2L * k) * Memory.f32(x + 4L * k));
                }
            }
        }

        static void bf16(long w, long rowBytes, int rows, long x, int count, long to) {
            int whole = count / LANES * LANES;
            for (int r = 0; r < rows; r++) {
                long from = w + r * rowBytes;
                FloatVector s = FloatVector.zero(F);
                for (int k = 0; k < whole; k += LANES) {
                    IntVector v = (IntVector) ShortVector.fromMemorySegment(S, ALL, from + 2L * k & ADDRESS, ORDER)
                            .convertShape(ZERO_EXTEND_S2I, I, 0);
                    s = v.lanewise(LSHL, 16).reinterpretAsFloats()
                            .fma(FloatVector.fromMemorySegment(F, ALL, x + 4L * k & ADDRESS, ORDER), s);
                }
                long at = to + (long) r * BYTES & ADDRESS;
                s.intoMemorySegment(ALL, at, ORDER);
                for (int k = whole; k < count; k++) {
                    float v = Float.intBitsToFloat(ALL.get(Memory.I16, from + 2L * k) << 16);
                    Memory.f32(at, Memory.f32(at) + v * Memory.f32(x + 4L * k));
                }
            }
        }
    }
}
