package glia.kernels.gradient;

import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;

/// Sums all rows.
final class SumRows extends RowSumTask {
    private final RowSteps[] steps;
    private long x;
    private int cols;

    SumRows(Workers workers, RowSteps[] steps) {
        super(workers);
        this.steps = steps;
    }

    void run(Tensor sum, Tensor x) {
        Checks.sameSize(sum, sum, sum);
        Checks.sameSize(x, x, x);
        if (sum.size() < 1 || sum.size() > Integer.MAX_VALUE || x.size() % sum.size() != 0) {
            throw new IllegalArgumentException(x + " by rows of " + sum);
        }
        this.x = x.address();
        cols = (int) sum.size();
        distribute(Math.toIntExact(x.size() / cols), cols, sum.address(), steps[0]);
    }

    @Override
    void range(int from, int to, long sum, int worker) {
        for (int n = from; n < to; n++) {
            long row = x + 4L * n * cols;
            for (int i = 0; i < cols; i += RowSteps.MAX) {
                steps[worker].add(sum + 4L * i, row + 4L * i, Math.min(RowSteps.MAX, cols - i));
            }
        }
    }
}
