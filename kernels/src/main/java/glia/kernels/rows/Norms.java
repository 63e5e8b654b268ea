package glia.kernels.rows;

import glia.kernels.code.IsaLevel;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Norms of rows, by `NormCode`. Each call checks that all operands are F32 and that x and y are whole rows of w's
/// length.
public final class Norms extends RangeTask {
    /// Number of values in a call, which takes a few µs, unless a row has more.
    private static final int MAX_PER_CALL = 16_384;

    private final IsaLevel level;
    private long y;
    private long x;
    private long w;
    private long b;
    private int cols;
    private float eps;
    private float offset;
    private boolean centered;

    public Norms(Workers workers, IsaLevel level) {
        super(workers);
        this.level = level;
    }

    /// Computes `y = x / √(mean(x²) + eps) · (w + offset)` for each row of w's length; y may be x.
    public void rms(Tensor y, Tensor x, Tensor w, float eps, float offset) {
        run(y, x, w, null, eps, offset, false);
    }

    /// Computes `y = (x - mean) / √(var + eps) · w + b`; b may be null, y may be x.
    public void layer(Tensor y, Tensor x, Tensor w, Tensor b, float eps) {
        if (b != null && (b.dtype() != DType.F32 || b.size() != w.size())) {
            throw new IllegalArgumentException("a bias " + b + " for a weight " + w);
        }
        run(y, x, w, b, eps, 0, true);
    }

    private void run(Tensor y, Tensor x, Tensor w, Tensor b, float eps, float offset, boolean centered) {
        if (y.dtype() != DType.F32 || x.dtype() != DType.F32 || w.dtype() != DType.F32) {
            throw new IllegalArgumentException(y + ", " + x + " and " + w + " are not all F32");
        }
        if (y.size() != x.size() || w.size() < 1 || w.size() > Integer.MAX_VALUE || x.size() % w.size() != 0) {
            throw new IllegalArgumentException(x + " by rows of " + w + " to " + y);
        }
        this.y = y.address();
        this.x = x.address();
        this.w = w.address();
        this.b = b == null ? 0 : b.address();
        this.eps = eps;
        this.offset = offset;
        this.centered = centered;
        cols = (int) w.size();
        distribute(Math.toIntExact(x.size() / cols), cols);
    }

    @Override
    protected void range(int from, int to, int worker) {
        int step = Math.max(1, MAX_PER_CALL / cols);
        for (int row = from; row < to; row += step) {
            int rows = Math.min(step, to - row);
            long start = 4L * row * cols;
            if (centered) {
                NormCode.of(level).layer(y + start, x + start, w, b, rows, cols, eps);
            } else {
                NormCode.of(level).rms(y + start, x + start, w, rows, cols, eps, offset);
            }
        }
    }
}
