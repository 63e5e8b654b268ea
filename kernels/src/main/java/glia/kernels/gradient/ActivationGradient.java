package glia.kernels.gradient;

import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Gradients of activations and gated activations.
final class ActivationGradient extends RangeTask {
    /// Values in a unit of work.
    private static final int UNIT = 1024;

    private final RowSteps[] steps;
    private Activation f;
    private long dx;
    private long dup;
    private long dy;
    private long x;
    private long up;
    private long size;

    ActivationGradient(Workers workers, RowSteps[] steps) {
        super(workers);
        this.steps = steps;
    }

    void activate(Tensor dx, Tensor dy, Tensor x, Activation f) {
        up = 0;
        run(dx, dy, x, f);
    }

    void gated(Tensor dgate, Tensor dup, Tensor dy, Tensor gate, Tensor up, Activation f) {
        Checks.sameSize(gate, dup, up);
        this.dup = dup.address();
        this.up = up.address();
        run(dgate, dy, gate, f);
    }

    private void run(Tensor dx, Tensor dy, Tensor x, Activation f) {
        Checks.sameSize(x, dx, dy);
        this.dx = dx.address();
        this.dy = dy.address();
        this.x = x.address();
        this.f = f;
        size = x.size();
        distribute(Math.toIntExact(Math.ceilDiv(size, (long) UNIT)), 4L * UNIT);
    }

    @Override
    protected void range(int from, int to, int worker) {
        long end = Math.min(size, (long) to * UNIT);
        for (long i = (long) from * UNIT; i < end; i += RowSteps.MAX) {
            long at = 4 * i;
            int count = (int) Math.min(RowSteps.MAX, end - i);
            if (up == 0) {
                steps[worker].activation(f, dx + at, dy + at, x + at, count);
            } else {
                steps[worker].gated(f, dx + at, dup + at, dy + at, x + at, up + at, count);
            }
        }
    }
}
