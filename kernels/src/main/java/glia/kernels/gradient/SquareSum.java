package glia.kernels.gradient;

import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;

/// The sum of the squares of a tensor. The size alone determines the chunks, whose sums are added in order, so that the
/// result does not depend on the number of threads.
final class SquareSum implements Workers.Task {
    private static final int CHUNK = 8 * RowSteps.MAX;

    private final Workers workers;
    private final RowSteps[] steps;
    private double[] sums = new double[16];
    private long x;
    private long size;

    SquareSum(Workers workers, RowSteps[] steps) {
        this.workers = workers;
        this.steps = steps;
    }

    double run(Tensor x) {
        Checks.sameSize(x, x, x);
        this.x = x.address();
        size = x.size();
        int chunks = Math.toIntExact(Math.ceilDiv(size, (long) CHUNK));
        if (chunks > sums.length) {
            sums = new double[Math.max(chunks, 2 * sums.length)];
        }
        workers.run(this, chunks);
        double sum = 0;
        for (int i = 0; i < chunks; i++) {
            sum += sums[i];
        }
        return sum;
    }

    @Override
    public void run(int chunk, int worker) {
        long end = Math.min(size, (chunk + 1L) * CHUNK);
        double sum = 0;
        for (long i = (long) chunk * CHUNK; i < end; i += RowSteps.MAX) {
            sum += steps[worker].sumOfSquares(x + 4 * i, (int) Math.min(RowSteps.MAX, end - i));
        }
        sums[chunk] = sum;
    }
}
