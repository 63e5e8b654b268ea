package glia.kernels.gradient;

import glia.kernels.tiled.Scratch;
import glia.tensor.Memory;
import glia.tensor.kernel.Workers;

/// A task over rows that also adds up one row of sums, such as the gradient of a weight of all rows. Rows are cut into
/// chunks by their number alone, each with sums of its own, which are added up in order at the end: results do not
/// depend on the number of threads.
abstract class RowSumTask implements Workers.Task {
    private static final int MOST_CHUNKS = 64;
    /// Numbers of a chunk at the least.
    private static final int LEAST_NUMBERS = 16_384;

    private final Workers workers;
    private final Scratch partials = new Scratch();
    private long numRows;
    private int cols;
    private int numChunks;
    private long sums;

    RowSumTask(Workers workers) {
        this.workers = workers;
    }

    /// Works on the rows `from` (inclusive) to `to` (exclusive).
    ///
    /// @param sum the address of as many sums as there are columns, to be added to
    abstract void range(int from, int to, long sum, int worker);

    /// Runs all rows, then adds the sums to `total`.
    ///
    /// @param total the address of `cols` numbers, or 0 where sums are not wanted
    final void distribute(int rows, int cols, long total, RowSteps steps) {
        numRows = rows;
        this.cols = cols;
        numChunks = Math.clamp((long) rows * cols / LEAST_NUMBERS, 1, MOST_CHUNKS);
        sums = partials.reserve(4L * numChunks * cols);
        workers.run(this, numChunks);
        for (int chunk = 0; chunk < numChunks && total != 0; chunk++) {
            for (int i = 0; i < cols; i += RowSteps.MOST) {
                steps.add(total + 4L * i, sum(chunk) + 4L * i, Math.min(RowSteps.MOST, cols - i));
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
}
