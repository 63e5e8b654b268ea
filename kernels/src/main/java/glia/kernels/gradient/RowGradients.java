package glia.kernels.gradient;

import glia.kernels.gradient.RowSumTask.NormGradient;
import glia.kernels.gradient.RowSumTask.SumRows;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.GradientKernels.AdamStep;
import glia.tensor.kernel.GradientKernels;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;

/// Row-wise gradients on all threads, with the inner loops of a backend. Each call checks sizes and types, since the
/// inner loops work on addresses. Results do not depend on the number of threads. Allocates nothing once scratch memory
/// has grown to the largest shapes.
public final class RowGradients implements GradientKernels {
    private final NormGradient norms;
    private final ActivationGradient activations;
    private final SumRows total;
    private final ScatterAdd scatter;
    private final SoftmaxRows softmax;
    private final AdamUpdate adam;
    private final SquareSum squares;
    private final Zero zero;
    private final RoundToBf16 rounding;

    /// @param steps creates the inner loops of one thread
    public RowGradients(Workers workers, Supplier<RowSteps> steps) {
        RowSteps[] each = new RowSteps[workers.count()];
        for (int i = 0; i < each.length; i++) {
            each[i] = steps.get();
        }
        norms = new NormGradient(workers, each);
        activations = new ActivationGradient(workers, each);
        total = new SumRows(workers, each);
        scatter = new ScatterAdd(workers, each);
        softmax = new SoftmaxRows(workers, each);
        adam = new AdamUpdate(workers, each);
        squares = new SquareSum(workers, each);
        zero = new Zero(workers);
        rounding = new RoundToBf16(workers, each);
    }

    @Override
    public void rmsNormBackward(Tensor dx, Tensor dw, Tensor dy, Tensor x, Tensor w, float eps, float offset) {
        norms.run(dx, dw, dy, x, w, eps, offset, false);
    }

    @Override
    public void layerNormBackward(Tensor dx, Tensor dw, Tensor dy, Tensor x, Tensor w, float eps) {
        norms.run(dx, dw, dy, x, w, eps, 0, true);
    }

    @Override
    public void gatedBackward(Tensor dgate, Tensor dup, Tensor dy, Tensor gate, Tensor up, Activation f) {
        activations.gated(dgate, dup, dy, gate, up, f);
    }

    @Override
    public void activateBackward(Tensor dx, Tensor dy, Tensor x, Activation f) {
        activations.activate(dx, dy, x, f);
    }

    @Override
    public void sumRows(Tensor sum, Tensor x) {
        total.run(sum, x);
    }

    @Override
    public void scatterAdd(Tensor y, Tensor x, int[] ids, int count, int frozenRow) {
        scatter.run(y, x, ids, count, frozenRow);
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
        return squares.run(x);
    }

    @Override
    public void zero(Tensor x) {
        zero.run(x);
    }

    @Override
    public void roundToBf16(Tensor x) {
        rounding.run(x);
    }

    /// Gradients of activations and gated activations.
    static final class ActivationGradient extends RangeTask {
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

    /// Updates of weights by Adam and AdamW.
    static final class AdamUpdate extends RangeTask {
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

    /// Adds rows to rows of another matrix. Threads share the columns, so that rows with the same id are added in
    /// order.
    static final class ScatterAdd extends RangeTask {
        /// Columns in a unit of work: four cache lines.
        private static final int UNIT = 64;

        private final RowSteps[] steps;
        private long y;
        private long x;
        private int cols;
        private int[] ids;
        private int count;
        private int frozenRow;

        ScatterAdd(Workers workers, RowSteps[] steps) {
            super(workers);
            this.steps = steps;
        }

        void run(Tensor y, Tensor x, int[] ids, int count, int frozenRow) {
            if (y.dtype() != DType.F32 || x.dtype() != DType.F32 || y.cols() != x.cols() || count > x.rows()) {
                throw new IllegalArgumentException(count + " rows of " + x + " to " + y);
            }
            for (int n = 0; n < count; n++) {
                if (ids[n] < 0 || ids[n] >= y.rows()) {
                    throw new IllegalArgumentException("row " + ids[n] + " of " + y);
                }
            }
            this.y = y.address();
            this.x = x.address();
            this.ids = ids;
            this.count = count;
            this.frozenRow = frozenRow;
            cols = x.cols();
            distribute(Math.ceilDiv(cols, UNIT), (long) UNIT * count);
        }

        @Override
        protected void range(int from, int to, int worker) {
            int end = Math.min(cols, to * UNIT);
            for (int i = from * UNIT; i < end; i += RowSteps.MAX) {
                int width = Math.min(RowSteps.MAX, end - i);
                for (int n = 0; n < count; n++) {
                    if (ids[n] != frozenRow) {
                        steps[worker].add(y + 4 * ((long) ids[n] * cols + i), x + 4 * ((long) n * cols + i), width);
                    }
                }
            }
        }
    }

    /// The sum of the squares of a tensor. The size alone determines the chunks, whose sums are added in order, so that
    /// the result does not depend on the number of threads.
    static final class SquareSum implements Workers.Task {
        private static final int CHUNK = 8 * RowSteps.MAX;

        private final Workers workers;
        private final RowSteps[] steps;
        private double[] sums = new double[16];
        private long x;
        private long size;

        SquareSum(Workers workers, RowSteps[] steps) {
            this.workers = workers;
            this.steps = steps;
        }

        double run(Tensor x) {
            Checks.sameSize(x, x, x);
            this.x = x.address();
            size = x.size();
            int chunks = Math.toIntExact(Math.ceilDiv(size, (long) CHUNK));
            if (chunks > sums.length) {
                sums = new double[Math.max(chunks, 2 * sums.length)];
            }
            workers.run(this, chunks);
            double sum = 0;
            for (int i = 0; i < chunks; i++) {
                sum += sums[i];
            }
            return sum;
        }

        @Override
        public void run(int chunk, int worker) {
            long end = Math.min(size, (chunk + 1L) * CHUNK);
            double sum = 0;
            for (long i = (long) chunk * CHUNK; i < end; i += RowSteps.MAX) {
                sum += steps[worker].sumOfSquares(x + 4 * i, (int) Math.min(RowSteps.MAX, end - i));
            }
            sums[chunk] = sum;
        }
    }

    /// Sets tensors to zero on all threads.
    static final class Zero extends RangeTask {
        /// Bytes in a unit of work.
        private static final int UNIT = 1 << 16;
        /// Copied, as a slice to be filled would be an object for each unit.
        private static final MemorySegment ZEROS = Arena.global().allocate(UNIT);

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
            for (long at = (long) from * UNIT; at < Math.min(x.sizeBytes(), (long) to * UNIT); at += UNIT) {
                MemorySegment.copy(ZEROS, 0, x.memory(), at, Math.min(UNIT, x.sizeBytes() - at));
            }
        }
    }

    /// Rounds tensors to BF16 values on all threads.
    static final class RoundToBf16 extends RangeTask {
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

    /// Checks of arguments of row-wise gradients before their addresses are used.
    static final class Checks {
        private Checks() { }

        /// @throws IllegalArgumentException unless all are F32 and of one size
        static void sameSize(Tensor a, Tensor b, Tensor c) {
            if (a.dtype() != DType.F32 || b.dtype() != DType.F32 || c.dtype() != DType.F32
                    || a.size() != b.size() || a.size() != c.size()) {
                throw new IllegalArgumentException(a + ", " + b + " and " + c + " are not F32 of one size");
            }
        }

        /// @throws IllegalArgumentException unless both are F32 and the second has a value for each row of the first
        static void numberForEachRow(Tensor x, Tensor numbers) {
            if (x.dtype() != DType.F32 || numbers.dtype() != DType.F32 || numbers.size() != x.rows()) {
                throw new IllegalArgumentException(numbers + " has not one F32 number for each row of " + x);
            }
        }
    }
}
