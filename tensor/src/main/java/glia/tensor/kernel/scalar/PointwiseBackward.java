package glia.tensor.kernel.scalar;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Gradients of activations and gated activations, elementwise in F64.
final class PointwiseBackward extends RangeTask {
    /// Values in a unit of work.
    private static final int UNIT = 1024;

    private Tensor dx;
    private Tensor dup;
    private Tensor dy;
    private Tensor x;
    private Tensor up;
    private Activation f;

    PointwiseBackward(Workers workers) {
        super(workers);
    }

    void activate(Tensor dx, Tensor dy, Tensor x, Activation f) {
        run(dx, null, dy, x, null, f);
    }

    void gated(Tensor dgate, Tensor dup, Tensor dy, Tensor gate, Tensor up, Activation f) {
        assert dup.dtype() == DType.F32 && up.dtype() == DType.F32;
        assert dup.size() == gate.size() && up.size() == gate.size();
        run(dgate, dup, dy, gate, up, f);
    }

    private void run(Tensor dx, Tensor dup, Tensor dy, Tensor x, Tensor up, Activation f) {
        assert dx.dtype() == DType.F32 && dy.dtype() == DType.F32 && x.dtype() == DType.F32;
        assert dx.size() == x.size() && dy.size() == x.size();
        this.dx = dx;
        this.dup = dup;
        this.dy = dy;
        this.x = x;
        this.up = up;
        this.f = f;
        distribute(Math.toIntExact(Math.ceilDiv(x.size(), (long) UNIT)), 16L * UNIT);
    }

    @Override
    protected void range(int from, int to, int worker) {
        long end = Math.min(x.size(), (long) to * UNIT);
        for (long i = (long) from * UNIT; i < end; i++) {
            float v = Memory.f32(x.address() + 4 * i);
            double d = Memory.f32(dy.address() + 4 * i);
            if (up == null) {
                add(dx, i, d * f.derivative(v));
            } else {
                add(dx, i, d * Memory.f32(up.address() + 4 * i) * f.derivative(v));
                add(dup, i, d * f.value(v));
            }
        }
    }

    private static void add(Tensor t, long index, double value) {
        long address = t.address() + 4 * index;
        Memory.f32(address, (float) (Memory.f32(address) + value));
    }
}
