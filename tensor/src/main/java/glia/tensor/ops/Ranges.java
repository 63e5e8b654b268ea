package glia.tensor.ops;

import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// A parallel loop over independent units of work, such as rows.
public final class Ranges extends RangeTask {
    /// Processes the units `from` (inclusive) to `to` (exclusive).
    public interface Body {
        void run(int from, int to);
    }

    private final Body body;

    private Ranges(Workers workers, Body body) {
        super(workers);
        this.body = body;
    }

    /// Processes all units; on the calling thread alone if the work is small.
    ///
    /// @param costPerUnit approximate number of multiplications, or of values read, for one unit
    public static void run(Workers workers, int units, long costPerUnit, Body body) {
        new Ranges(workers, body).distribute(units, costPerUnit);
    }

    @Override
    protected void range(int from, int to, int worker) {
        body.run(from, to);
    }
}
