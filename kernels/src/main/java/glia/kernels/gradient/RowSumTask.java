package glia.kernels.gradient;

import glia.kernels.tiled.Scratch;
import glia.tensor.Memory;
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
}
