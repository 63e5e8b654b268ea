package glia.kernels.gradient;

import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Sets tensors to zero on all threads.
final class Zero extends RangeTask {
    /// Bytes in a unit of work.
    private static final int UNIT = 1 << 16;

    private Tensor x;

    Zero(Workers workers) {
        super(workers);
    }

    void run(Tensor x) {
        this.x = x;
        distribute(Math.toIntExact(Math.ceilDiv(x.sizeBytes(), (long) UNIT)), UNIT / 16);
        x.changed();
    }

    @Override
    protected void range(int from, int to, int worker) {
        long start = (long) from * UNIT;
        x.memory().asSlice(start, Math.min(x.sizeBytes(), (long) to * UNIT) - start).fill((byte) 0);
    }
}
