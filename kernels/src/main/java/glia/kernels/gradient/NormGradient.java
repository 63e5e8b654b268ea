package glia.kernels.gradient;

import glia.kernels.tiled.Scratch;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;

/// Gradients of RMS norm (https://arxiv.org/abs/1910.07467) and layer norm (https://arxiv.org/abs/1607.06450).
final class NormGradient extends RowSumTask {
    private final RowSteps[] steps;
    private final Scratch[] factors;
    private long dx;
    private long dy;
    private long x;
    private long w;
    private int cols;
    private float eps;
    private float offset;
    private boolean centered;

    NormGradient(Workers workers, RowSteps[] steps) {
        super(workers);
        this.steps = steps;
        factors = Scratch.each(workers.count());
    }

    /// @param centered whether the norm subtracts the mean
    void run(Tensor dx, Tensor dw, Tensor dy, Tensor x, Tensor w, float eps, float offset, boolean centered) {
        Checks.sameSize(x, dx, dy);
        if (w.size() < 1 || w.size() > Integer.MAX_VALUE || x.size() % w.size() != 0) {
            throw new IllegalArgumentException(x + " by rows of " + w);
        }
        Checks.sameSize(w, w, dw == null ? w : dw);
        this.dx = dx.address();
        this.dy = dy.address();
        this.x = x.address();
        this.w = w.address();
        this.eps = eps;
        this.offset = offset;
        this.centered = centered;
        cols = (int) w.size();
        distribute(Math.toIntExact(x.size() / cols), cols, dw == null ? 0 : dw.address(), steps[0]);
    }

    @Override
    void range(int from, int to, long dw, int worker) {
        RowSteps step = steps[worker];
        long row = factors[worker].reserve(NormFactors.SIZE_BYTES);
        for (int n = from; n < to; n++) {
            long start = 4L * n * cols;
            NormFactors.begin(row, centered ? mean(step, x + start) : 0, offset);
            for (int i = 0; i < cols; i += RowSteps.MAX) {
                long at = start + 4L * i;
                step.normSums(x + at, dy + at, w + 4L * i, Math.min(RowSteps.MAX, cols - i), row);
            }
            NormFactors.finish(row, cols, eps, centered);
            for (int i = 0; i < cols; i += RowSteps.MAX) {
                long at = start + 4L * i;
                step.normGradient(dx + at, dw + 4L * i, dy + at, x + at, w + 4L * i,
                        Math.min(RowSteps.MAX, cols - i), row);
            }
        }
    }

    private double mean(RowSteps step, long row) {
        double sum = 0;
        for (int i = 0; i < cols; i += RowSteps.MAX) {
            sum += step.sum(row + 4L * i, Math.min(RowSteps.MAX, cols - i));
        }
        return sum / cols;
    }
}
