package glia.kernels.gradient;

import glia.tensor.Tensor;
import glia.tensor.kernel.AdamStep;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Updates of weights by Adam and AdamW.
final class AdamUpdate extends RangeTask {
    /// Elements in a unit of work: 7 accesses each, in a few microseconds.
    private static final int UNIT = 2048;
    /// Cost of an element, in values read.
    private static final long COST = 7;

    private final RowSteps[] steps;
    private AdamStep step;
    private long w;
    private long m;
    private long v;
    private long g;
    private long size;

    AdamUpdate(Workers workers, RowSteps[] steps) {
        super(workers);
        this.steps = steps;
    }

    void run(Tensor w, Tensor m, Tensor v, Tensor g, AdamStep step) {
        Checks.sameSize(w, m, v);
        Checks.sameSize(w, w, g);
        this.w = w.address();
        this.m = m.address();
        this.v = v.address();
        this.g = g.address();
        this.step = step;
        size = w.size();
        distribute(Math.toIntExact(Math.ceilDiv(size, (long) UNIT)), COST * UNIT);
    }

    @Override
    protected void range(int from, int to, int worker) {
        long end = Math.min(size, (long) to * UNIT);
        for (long i = (long) from * UNIT; i < end; i += UNIT) {
            long at = 4 * i;
            steps[worker].adam(w + at, m + at, v + at, g + at, (int) Math.min(UNIT, end - i), step);
        }
    }
}
