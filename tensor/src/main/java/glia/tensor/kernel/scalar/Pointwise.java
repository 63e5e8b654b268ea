package glia.tensor.kernel.scalar;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Elementwise operations on one or two tensors.
public final class Pointwise extends RangeTask {
    private enum Op { ADD, ADD_ROW, SCALE, ACTIVATE, GATED }

    /// Values in a unit of work.
    private static final int UNIT = 1024;

    private Op op;
    private Tensor y;
    private Tensor a;
    private Tensor b;
    private float factor;
    private Activation activation;

    public Pointwise(Workers workers) {
        super(workers);
    }

    void add(Tensor y, Tensor a, Tensor b, float scale) {
        assert b.dtype() == DType.F32 && b.size() == a.size();
        factor = scale;
        run(Op.ADD, y, a, b, 1);
    }

    void addRow(Tensor y, Tensor x, Tensor b) {
        assert b.dtype() == DType.F32 && b.size() == x.cols();
        run(Op.ADD_ROW, y, x, b, 1);
    }

    void scale(Tensor y, Tensor x, float scale) {
        factor = scale;
        run(Op.SCALE, y, x, x, 1);
    }

    void activate(Tensor y, Tensor x, Activation f) {
        activation = f;
        run(Op.ACTIVATE, y, x, x, 16);
    }

    void gated(Tensor y, Tensor gate, Tensor up, Activation f) {
        assert up.dtype() == DType.F32 && up.size() == gate.size();
        activation = f;
        run(Op.GATED, y, gate, up, 16);
    }

    private void run(Op op, Tensor y, Tensor a, Tensor b, int cost) {
        assert y.dtype() == DType.F32 && a.dtype() == DType.F32 && y.size() == a.size();
        this.op = op;
        this.y = y;
        this.a = a;
        this.b = b;
        distribute(Math.toIntExact(Math.ceilDiv(y.size(), (long) UNIT)), (long) UNIT * cost);
    }

    @Override
    protected void range(int from, int to, int worker) {
        long end = Math.min(y.size(), (long) to * UNIT);
        long out = y.address();
        long p = a.address();
        long q = b.address();
        for (long i = (long) from * UNIT; i < end; i++) {
            float v = Memory.f32(p + 4 * i);
            Memory.f32(out + 4 * i, switch (op) {
                case ADD -> v + factor * Memory.f32(q + 4 * i);
                case ADD_ROW -> v + Memory.f32(q + 4 * (i % a.cols()));
                case SCALE -> factor * v;
                case ACTIVATE -> (float) activation.value(v);
                case GATED -> (float) activation.value(v) * Memory.f32(q + 4 * i);
            });
        }
    }
}
