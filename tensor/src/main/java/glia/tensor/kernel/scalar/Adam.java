package glia.tensor.kernel.scalar;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.AdamStep;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// A step of Adam or AdamW, element by element.
final class Adam extends RangeTask {
    /// Elements in a unit of work.
    private static final int UNIT = 1024;
    /// Cost of an element, in values read.
    private static final long COST = 8;

    private Tensor w;
    private Tensor m;
    private Tensor v;
    private Tensor g;
    private AdamStep step;

    Adam(Workers workers) {
        super(workers);
    }

    void run(Tensor w, Tensor m, Tensor v, Tensor g, AdamStep step) {
        for (Tensor t : new Tensor[] {w, m, v, g}) {
            assert t.dtype() == DType.F32 && t.size() == w.size();
        }
        this.w = w;
        this.m = m;
        this.v = v;
        this.g = g;
        this.step = step;
        distribute(Math.toIntExact(Math.ceilDiv(w.size(), (long) UNIT)), COST * UNIT);
    }

    @Override
    protected void range(int from, int to, int worker) {
        long end = 4 * Math.min(w.size(), (long) to * UNIT);
        for (long i = 4L * from * UNIT; i < end; i += 4) {
            float old = Memory.f32(w.address() + i);
            float gradient = step.gradientScale() * Memory.f32(g.address() + i) + step.decay() * old;
            float first = step.keep1() * Memory.f32(m.address() + i) + step.add1() * gradient;
            float second = step.keep2() * Memory.f32(v.address() + i) + step.add2() * gradient * gradient;
            Memory.f32(m.address() + i, first);
            Memory.f32(v.address() + i, second);
            Memory.f32(w.address() + i, step.keepWeight() * old
                    - step.rate() * first / ((float) Math.sqrt(second) * step.root() + step.epsilon()));
        }
    }
}
