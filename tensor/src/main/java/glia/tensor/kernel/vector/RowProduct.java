package glia.tensor.kernel.vector;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// `linear` for a few tokens: each row of the weight is multiplied as it lies in memory, since reading it is what takes
/// the time. Rows are spread over the workers in pairs.
final class RowProduct extends RangeTask {
    /// Rows that a worker takes at a time for all tokens, so that they are still in its cache for the second token.
    private static final int BLOCK = 16;

    private final Scratch sums = new Scratch();
    private final Scratch[] scratch;
    private Tensor y;
    private Tensor x;
    private Tensor w;
    private long sumsAt;

    RowProduct(Workers workers) {
        super(workers);
        scratch = Scratch.each(workers.count());
    }

    /// Whether there is a kernel for rows of this type on this processor.
    static boolean serves(DType type) {
        return switch (type) {
            case F32 -> true;
            case F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q4_K, Q6_K -> Bytes.AVAILABLE;
            default -> false;
        };
    }

    void run(Tensor y, Tensor x, Tensor w) {
        this.y = y;
        this.x = x;
        this.w = w;
        int group = groupSize(w.dtype());
        sumsAt = group == 0 ? 0 : sums.reserve(4L * x.rows() * (x.cols() / group));
        for (int n = 0; group != 0 && n < x.rows(); n++) {
            sumGroups(x.address() + n * x.rowBytes(), x.cols() / group, group, sumsAt + 4L * n * (x.cols() / group));
        }
        spread(Math.ceilDiv(w.rows(), 2), 2L * w.cols() * x.rows());
    }

    /// How many activations share a scale or minimum whose offset is applied to their sum; 0 if none.
    private static int groupSize(DType type) {
        return switch (type) {
            case Q4_0, Q4_1, Q5_0, Q4_K -> 32;
            case Q6_K -> 16;
            default -> 0;
        };
    }

    private static void sumGroups(long x, int groups, int size, long to) {
        for (int i = 0; i < groups; i++) {
            float s = 0;
            for (int j = 0; j < size; j += Simd.LANES) {
                s += Simd.sum(Simd.load(x + 4L * (i * size + j)));
            }
            Memory.f32(to + 4L * i, s);
        }
    }

    @Override
    protected void range(int from, int to, int worker) {
        int end = Math.min(w.rows(), 2 * to);
        for (int r = 2 * from; r < end; r += BLOCK) {
            int rows = Math.min(BLOCK, end - r);
            for (int n = 0; n < x.rows(); n++) {
                rows(r, rows, n, worker);
            }
        }
    }

    private void rows(int first, int rows, int token, int worker) {
        int cols = w.cols();
        long rowBytes = w.rowBytes();
        long at = w.address() + first * rowBytes;
        long v = x.address() + token * x.rowBytes();
        long to = y.address() + token * y.rowBytes() + 4L * first;
        long s = sumsAt == 0 ? 0 : sumsAt + 4L * token * (cols / groupSize(w.dtype()));
        switch (w.dtype()) {
            case F32 -> RowsPlain.f32(at, rowBytes, rows, v, cols, to);
            case F16 -> RowsPlain.f16(at, rowBytes, rows, v, cols, to);
            case BF16 -> RowsPlain.bf16(at, rowBytes, rows, v, cols, to);
            case Q8_0 -> Rows32.q8p0(at, rowBytes, rows, v, cols / 32, to);
            case Q4_0 -> Rows32.q4p0(at, rowBytes, rows, v, s, cols / 32, to);
            case Q4_1 -> Rows32.q4p1(at, rowBytes, rows, v, s, cols / 32, to);
            case Q5_0 -> Rows32.q5p0(at, rowBytes, rows, v, s, cols / 32, to);
            case Q4_K -> Rows256.q4k(at, rowBytes, rows, v, s, cols / 256, to, scratch[worker].reserve(128));
            case Q6_K -> Rows256.q6k(at, rowBytes, rows, v, s, cols / 256, to, scratch[worker].reserve(128));
            default -> throw new AssertionError(w.dtype());
        }
    }
}
