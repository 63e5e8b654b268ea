package glia.kernels.gradient;

import glia.kernels.gradient.RowGradients.Checks;
import glia.kernels.gradient.RowSteps.NormFactors;
import glia.kernels.tiled.Scratch;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;

/// A task over rows that also accumulates one row of sums, such as the gradient of a weight shared by all rows. The
/// number of rows alone determines the chunks. Each has its own sums, which are added in order at the end, so results
/// do not depend on the number of threads.
abstract class RowSumTask implements Workers.Task {
    private static final int MAX_CHUNKS = 64;
    /// Minimal number of values in a chunk.
    private static final int MIN_VALUES = 16_384;

    private final Workers workers;
    private final Scratch partials = new Scratch();
    private long numRows;
    private int cols;
    private int numChunks;
    private long sums;

    RowSumTask(Workers workers) {
        this.workers = workers;
    }

    /// Processes the rows `from` (inclusive) to `to` (exclusive).
    ///
    /// @param sum the address of as many sums as there are columns, to be added to
    abstract void range(int from, int to, long sum, int worker);

    /// Processes all rows, then adds the sums to `total`.
    ///
    /// @param total the address of `cols` values, or 0 to skip the sums
    final void distribute(int rows, int cols, long total, RowSteps steps) {
        numRows = rows;
        this.cols = cols;
        numChunks = Math.clamp((long) rows * cols / MIN_VALUES, 1, MAX_CHUNKS);
        sums = partials.reserve(4L * numChunks * cols);
        workers.run(this, numChunks);
        for (int chunk = 0; chunk < numChunks && total != 0; chunk++) {
            for (int i = 0; i < cols; i += RowSteps.MAX) {
                steps.add(total + 4L * i, sum(chunk) + 4L * i, Math.min(RowSteps.MAX, cols - i));
            }
        }
    }

    private long sum(int chunk) {
        return sums + 4L * chunk * cols;
    }

    @Override
    public final void run(int chunk, int worker) {
        long sum = sum(chunk);
        for (int i = 0; i < cols; i++) {
            Memory.f32(sum + 4L * i, 0);
        }
        range((int) (chunk * numRows / numChunks), (int) ((chunk + 1) * numRows / numChunks), sum, worker);
    }

    /// Sums all rows.
    static final class SumRows extends RowSumTask {
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

    /// Gradients of RMS norm (https://arxiv.org/abs/1910.07467) and layer norm (https://arxiv.org/abs/1607.06450).
    static final class NormGradient extends RowSumTask {
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
}
