package glia.kernels.vector;

import glia.tensor.QuantizedMatrix;
import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.format.MatrixReader;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import glia.kernels.tiled.Scratch;

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
}
