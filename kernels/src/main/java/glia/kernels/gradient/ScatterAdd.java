package glia.kernels.gradient;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Adds rows to rows of another matrix. Threads share the columns, so that rows with the same id are added in order.
final class ScatterAdd extends RangeTask {
    /// Columns in a unit of work: four cache lines.
    private static final int UNIT = 64;

    private final RowSteps[] steps;
    private long y;
    private long x;
    private int cols;
    private int[] ids;
    private int count;
    private int frozenRow;

    ScatterAdd(Workers workers, RowSteps[] steps) {
        super(workers);
        this.steps = steps;
    }

    void run(Tensor y, Tensor x, int[] ids, int count, int frozenRow) {
        if (y.dtype() != DType.F32 || x.dtype() != DType.F32 || y.cols() != x.cols() || count > x.rows()) {
            throw new IllegalArgumentException(count + " rows of " + x + " to " + y);
        }
        for (int n = 0; n < count; n++) {
            if (ids[n] < 0 || ids[n] >= y.rows()) {
                throw new IllegalArgumentException("row " + ids[n] + " of " + y);
            }
        }
        this.y = y.address();
        this.x = x.address();
        this.ids = ids;
        this.count = count;
        this.frozenRow = frozenRow;
        cols = x.cols();
        distribute(Math.ceilDiv(cols, UNIT), (long) UNIT * count);
    }

    @Override
    protected void range(int from, int to, int worker) {
        int end = Math.min(cols, to * UNIT);
        for (int i = from * UNIT; i < end; i += RowSteps.MAX) {
            int width = Math.min(RowSteps.MAX, end - i);
            for (int n = 0; n < count; n++) {
                if (ids[n] != frozenRow) {
                    steps[worker].add(y + 4 * ((long) ids[n] * cols + i), x + 4 * ((long) n * cols + i), width);
                }
            }
        }
    }
}
