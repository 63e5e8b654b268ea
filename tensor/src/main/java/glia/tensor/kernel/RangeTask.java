package glia.tensor.kernel;

/// A task over independent units of work (rows, heads…), distributed over `Workers` in contiguous ranges. Kernels keep
/// one object for each of their methods and set its fields before each call, so that calls allocate nothing.
public abstract class RangeTask implements Workers.Task {
    /// The cost, in values touched, below which waking another thread does not pay off.
    private static final long SMALL = 16_384;

    private final Workers workers;
    private long numUnits;
    private long numChunks;

    protected RangeTask(Workers workers) {
        this.workers = workers;
    }

    /// Processes the units `from` (inclusive) to `to` (exclusive).
    protected abstract void range(int from, int to, int worker);

    /// Processes all units; on the calling thread alone if the work is small.
    ///
    /// @param costPerUnit approximate number of multiplications, or of values read, for one unit
    protected final void distribute(int units, long costPerUnit) {
        numUnits = units;
        numChunks = workers.count() == 1 || units * costPerUnit < SMALL ? Math.min(1, units) : workers.chunksFor(units);
        workers.run(this, (int) numChunks);
    }

    @Override
    public final void run(int chunk, int worker) {
        range((int) (chunk * numUnits / numChunks), (int) ((chunk + 1) * numUnits / numChunks), worker);
    }
}
