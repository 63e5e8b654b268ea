package glia.kernels.rows;

import glia.kernels.code.IsaLevel;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Rounds rows in blocks of 32, by `QuantizeCode`. That both tensors are F32 and of one shape is checked at each call;
/// a tensor's memory is as large as its shape says.
public final class QuantizeActivations extends RangeTask {
    /// Numbers that one call takes, unless a row has more: a few µs.
    private static final int STRETCH = 8192;

    private final IsaLevel level;
    private long y;
    private long x;
    private int cols;

    public QuantizeActivations(Workers workers, IsaLevel level) {
        super(workers);
        this.level = level;
    }

    /// `y = s · round(x / s)`, as `Precision.FAST` says; y may be x.
    public void run(Tensor y, Tensor x) {
        if (y.dtype() != DType.F32 || x.dtype() != DType.F32 || y.rows() != x.rows() || y.cols() != x.cols()) {
            throw new IllegalArgumentException(x + " rounded to " + y);
        }
        this.y = y.address();
        this.x = x.address();
        boolean whole = x.cols() % Precision.BLOCK == 0;
        // Rows of whole blocks are one long row, which can be cut anywhere between them.
        cols = whole ? Precision.BLOCK : x.cols();
        spread(cols == 0 ? 0 : Math.toIntExact(x.size() / cols), 2L * cols);
    }

    @Override
    protected void range(int from, int to, int worker) {
        int step = Math.max(1, STRETCH / cols);
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
