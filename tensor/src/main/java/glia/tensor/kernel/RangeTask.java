package glia.tensor.kernel;

/// A task over independent units of work (rows, heads…), spread over `Workers` in contiguous ranges. Kernels keep one
/// object for each of their methods and set its fields before each call, so that a call allocates nothing.
public abstract class RangeTask implements Workers.Task {
    /// Numbers touched that are not worth the wake-up of another thread.
    private static final long SMALL = 16_384;

    private final Workers workers;
    private long numUnits;
    private long numChunks;

    protected RangeTask(Workers workers) {
        this.workers = workers;
    }

    /// Works on the units `from` (inclusive) to `to` (exclusive).
    protected abstract void range(int from, int to, int worker);

    /// Runs all units, on the calling thread alone where the work is small.
    ///
    /// @param costPerUnit about how many multiplications, or numbers read, a unit takes
    protected final void spread(int units, long costPerUnit) {
        numUnits = units;
        numChunks = workers.count() == 1 || units * costPerUnit < SMALL ? Math.min(1, units) : workers.chunksFor(units);
        workers.run(this, (int) numChunks);
    }

    @Override
    public final void run(int chunk, int worker) {
        range((int) (chunk * numUnits / numChunks), (int) ((chunk + 1) * numUnits / numChunks), worker);
    }
}
