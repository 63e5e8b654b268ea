package glia.kernels.rows;

import glia.kernels.code.IsaLevel;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Quantizes rows in blocks of 32 and dequantizes them, by `QuantizeCode`. Each call checks that both tensors are F32
/// and of one shape.
public final class QuantizeActivations extends RangeTask {
    /// Number of values in a call, which takes a few µs, unless a row has more.
    private static final int MAX_PER_CALL = 8192;

    private final IsaLevel level;
    private long y;
    private long x;
    private int cols;

    public QuantizeActivations(Workers workers, IsaLevel level) {
        super(workers);
        this.level = level;
    }

    /// Computes `y = s · round(x / s)` as defined by `Precision.FAST`; y may be x.
    public void run(Tensor y, Tensor x) {
        if (y.dtype() != DType.F32 || x.dtype() != DType.F32 || y.rows() != x.rows() || y.cols() != x.cols()) {
            throw new IllegalArgumentException(x + " quantized to " + y);
        }
        this.y = y.address();
        this.x = x.address();
        boolean whole = x.cols() % Precision.BLOCK == 0;
        // Rows of whole blocks are treated as one long row, which can be split between any two blocks.
        cols = whole ? Precision.BLOCK : x.cols();
        distribute(cols == 0 ? 0 : Math.toIntExact(x.size() / cols), 2L * cols);
    }

    @Override
    protected void range(int from, int to, int worker) {
        int step = Math.max(1, MAX_PER_CALL / cols);
        for (int row = from; row < to; row += step) {
            long start = 4L * row * cols;
            int rows = Math.min(step, to - row);
            if (cols == Precision.BLOCK) {
                QuantizeCode.of(level).round(y + start, x + start, 1, rows * cols);
            } else {
                QuantizeCode.of(level).round(y + start, x + start, rows, cols);
            }
        }
    }
}
