package glia.tensor.ops;

import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// A loop over units of work that do not touch each other, such as rows, on all threads.
public final class Ranges extends RangeTask {
    /// Work on the units `from` (inclusive) to `to` (exclusive).
    public interface Body {
        void run(int from, int to);
    }

    private final Body body;

    private Ranges(Workers workers, Body body) {
        super(workers);
        this.body = body;
    }

    /// Runs all units, on the calling thread alone where the work is small.
    ///
    /// @param costPerUnit about how many multiplications, or numbers read, a unit takes
    public static void run(Workers workers, int units, long costPerUnit, Body body) {
        new Ranges(workers, body).spread(units, costPerUnit);
    }

    @Override
    protected void range(int from, int to, int worker) {
        body.run(from, to);
    }
}
