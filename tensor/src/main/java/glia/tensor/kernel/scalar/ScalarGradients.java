package glia.tensor.kernel.scalar;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.GradientKernels.AdamStep;
import glia.tensor.kernel.GradientKernels;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.Norms.NormBackward;

/// The row-wise gradients as plain loops with F64 sums: the definition that other backends are tested against.
final class ScalarGradients implements GradientKernels {
    private final NormBackward normBackward;
    private final PointwiseBackward pointwiseBackward;
    private final RowSums rowSums;
    private final Softmax softmax;
    private final Adam adam;

    ScalarGradients(Workers workers) {
        normBackward = new NormBackward(workers);
        pointwiseBackward = new PointwiseBackward(workers);
        rowSums = new RowSums(workers);
        softmax = new Softmax(workers);
        adam = new Adam(workers);
    }

    @Override
    public void rmsNormBackward(Tensor dx, Tensor dw, Tensor dy, Tensor x, Tensor w, float eps, float offset) {
        normBackward.rms(dx, dw, dy, x, w, eps, offset);
    }

    @Override
    public void layerNormBackward(Tensor dx, Tensor dw, Tensor dy, Tensor x, Tensor w, float eps) {
        normBackward.layer(dx, dw, dy, x, w, eps);
    }

    @Override
    public void gatedBackward(Tensor dgate, Tensor dup, Tensor dy, Tensor gate, Tensor up, Activation f) {
        pointwiseBackward.gated(dgate, dup, dy, gate, up, f);
    }

    @Override
    public void activateBackward(Tensor dx, Tensor dy, Tensor x, Activation f) {
        pointwiseBackward.activate(dx, dy, x, f);
    }

    @Override
    public void sumRows(Tensor sum, Tensor x) {
        rowSums.sum(sum, x);
    }

    @Override
    public void scatterAdd(Tensor y, Tensor x, int[] ids, int count, int frozenRow) {
        rowSums.scatterAdd(y, x, ids, count, frozenRow);
    }

    @Override
    public void softmaxSums(Tensor logSumExp, Tensor entropy, Tensor z) {
        softmax.sums(logSumExp, entropy, z);
    }

    @Override
    public void softmaxBackward(Tensor dz, Tensor z, Tensor logSumExp, Tensor a, Tensor b, boolean add) {
        softmax.backward(dz, z, logSumExp, a, b, add);
    }

    @Override
    public void adam(Tensor w, Tensor m, Tensor v, Tensor g, AdamStep step) {
        adam.run(w, m, v, g, step);
    }

    @Override
    public double sumOfSquares(Tensor x) {
        assert x.dtype() == DType.F32;
        double sum = 0;
        for (long i = 0; i < x.size(); i++) {
            sum += (double) x.get(i) * x.get(i);
        }
        return sum;
    }

    @Override
    public void zero(Tensor x) {
        x.zero();
    }

    @Override
    public void roundToBf16(Tensor x) {
        for (long i = 0; i < x.size(); i++) {
            int bits = Float.floatToRawIntBits(x.get(i));
            boolean isNaN = (bits & Integer.MAX_VALUE) > 0x7f80_0000;
            int rounded = isNaN ? bits | 0x40_0000 : bits + 0x7fff + (bits >>> 16 & 1);
            x.set(i, Float.intBitsToFloat(rounded & 0xffff_0000));
        }
        x.changed();
    }

    /// A step of Adam or AdamW, element by element.
    static final class Adam extends RangeTask {
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

    /// Sums over rows, column by column: of all rows, in F64, or of rows with the same target row.
    static final class RowSums extends RangeTask {
        private Tensor to;
        private Tensor x;
        private int[] ids;
        private int count;
        private int frozenRow;

        RowSums(Workers workers) {
            super(workers);
        }

        void sum(Tensor sum, Tensor x) {
            assert sum.dtype() == DType.F32 && x.dtype() == DType.F32 && sum.size() > 0 && x.size() % sum.size() == 0;
            to = sum;
            this.x = x;
            ids = null;
            count = (int) (x.size() / sum.size());
            distribute((int) sum.size(), count);
        }

        void scatterAdd(Tensor y, Tensor x, int[] ids, int count, int frozenRow) {
            assert y.dtype() == DType.F32 && x.dtype() == DType.F32 && y.cols() == x.cols() && count <= x.rows();
            to = y;
            this.x = x;
            this.ids = ids;
            this.count = count;
            this.frozenRow = frozenRow;
            distribute(x.cols(), count);
        }

        @Override
        protected void range(int from, int until, int worker) {
            int cols = ids == null ? (int) to.size() : x.cols();
            for (int i = from; i < until; i++) {
                double sum = 0;
                for (int n = 0; n < count; n++) {
                    float v = Memory.f32(x.address() + 4 * ((long) n * cols + i));
                    if (ids == null) {
                        sum += v;
                    } else if (ids[n] != frozenRow) {
                        assert ids[n] >= 0 && ids[n] < to.rows();
                        add((long) ids[n] * cols + i, v);
                    }
                }
                if (ids == null) {
                    add(i, sum);
                }
            }
        }

        private void add(long index, double value) {
            long address = to.address() + 4 * index;
            Memory.f32(address, (float) (Memory.f32(address) + value));
        }
    }

    /// Gradients of activations and gated activations, elementwise in F64.
    static final class PointwiseBackward extends RangeTask {
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
}
