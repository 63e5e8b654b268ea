package glia.kernels.gradient;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Rounds tensors to BF16 values on all threads.
final class RoundToBf16 extends RangeTask {
    /// Values in a unit of work.
    private static final int UNIT = 2048;

    private final RowSteps[] steps;
    private Tensor x;

    RoundToBf16(Workers workers, RowSteps[] steps) {
        super(workers);
        this.steps = steps;
    }

    void run(Tensor x) {
        if (x.dtype() != DType.F32) {
            throw new IllegalArgumentException(x + " is not F32");
        }
        this.x = x;
        distribute(Math.toIntExact(Math.ceilDiv(x.size(), (long) UNIT)), UNIT);
        x.changed();
    }

    @Override
    protected void range(int from, int to, int worker) {
        long end = Math.min(x.size(), (long) to * UNIT);
        for (long i = (long) from * UNIT; i < end; i += RowSteps.MAX) {
            steps[worker].roundToBf16(x.address() + 4 * i, (int) Math.min(RowSteps.MAX, end - i));
        }
    }
}
