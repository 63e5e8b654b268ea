package glia.tensor.kernel.scalar;

import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.format.MatrixReader;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels.Scratch;

/// Computes `y = x · wᵀ`: each row of w is decoded once and multiplied by all tokens.
public final class Linear extends RangeTask {
    private final Scratch scratch;
    private final MatrixReader[] readers;
    private Tensor y;
    private Tensor x;
    private Matrix w;

    public Linear(Workers workers) {
        super(workers);
        scratch = new Scratch(workers);
        readers = MatrixReader.each(workers.count());
    }

    void run(Tensor y, Tensor x, Matrix w) {
        assert y.dtype() == DType.F32 && x.dtype() == DType.F32;
        assert x.cols() == w.cols() && y.rows() == x.rows() && y.cols() == w.rows();
        this.y = y;
        this.x = x;
        this.w = w;
        distribute(w.rows(), (long) w.cols() * (x.rows() + 1));
    }

    @Override
    protected void range(int from, int to, int worker) {
        int k = w.cols();
        int numTokens = x.rows();
        float[] row = scratch.of(worker, k);
        for (int r = from; r < to; r++) {
            readers[worker].read(w, r, 0, k, row);
            for (int n = 0; n < numTokens; n++) {
                Memory.f32(y.address() + 4L * ((long) n * w.rows() + r), dot(row, x.address() + 4L * n * k, k));
            }
        }
    }

    /// Computes `Σ a[i]·b[i]` in F32, in eight interleaved partial sums, which hide the latency of additions and round
    /// less.
    static float dot(float[] a, long b, int count) {
        float s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;
        int i = 0;
        for (; i <= count - 8; i += 8) {
            long at = Memory.address(b + 4L * i);
            s0 += a[i] * Memory.f32(at);
            s1 += a[i + 1] * Memory.f32(at + 4);
            s2 += a[i + 2] * Memory.f32(at + 8);
            s3 += a[i + 3] * Memory.f32(at + 12);
            s4 += a[i + 4] * Memory.f32(at + 16);
            s5 += a[i + 5] * Memory.f32(at + 20);
            s6 += a[i + 6] * Memory.f32(at + 24);
            s7 += a[i + 7] * Memory.f32(at + 28);
        }
        for (; i < count; i++) {
            s0 += a[i] * Memory.f32(b + 4L * i);
        }
        return ((s0 + s4) + (s1 + s5)) + ((s2 + s6) + (s3 + s7));
    }

    /// Computes `dx += dy · w`. A unit of work is a strip of columns, so that each value of w is decoded once.
    static final class LinearBackwardInput extends RangeTask {
        private static final int STRIP = 32;

        private final Scratch scratch;
        private final MatrixReader[] readers;
        private Tensor dx;
        private Tensor dy;
        private Matrix w;
        private int strip;

        LinearBackwardInput(Workers workers) {
            super(workers);
            scratch = new Scratch(workers);
            readers = MatrixReader.each(workers.count());
        }

        void run(Tensor dx, Tensor dy, Matrix w) {
            assert dx.dtype() == DType.F32 && dy.dtype() == DType.F32;
            assert dx.rows() == dy.rows() && dx.cols() == w.cols() && dy.cols() == w.rows();
            this.dx = dx;
            this.dy = dy;
            this.w = w;
            strip = w instanceof Tensor t ? Math.max(STRIP, t.dtype().blockElements()) : STRIP;
            distribute(Math.ceilDiv(w.cols(), strip), (long) strip * w.rows() * (dx.rows() + 1));
        }

        @Override
        protected void range(int from, int to, int worker) {
            int first = from * strip;
            int count = Math.min(w.cols(), to * strip) - first;
            int numRows = w.rows();
            int numTokens = dx.rows();
            float[] row = scratch.of(worker, count);
            for (int r = 0; r < numRows; r++) {
                readers[worker].read(w, r, first, count, row);
                for (int n = 0; n < numTokens; n++) {
                    float factor = Memory.f32(dy.address() + 4L * ((long) n * numRows + r));
                    addScaled(dx.address() + 4L * ((long) n * w.cols() + first), factor, row, count);
                }
            }
        }

        private static void addScaled(long y, float factor, float[] x, int count) {
            for (int i = 0; i < count; i++) {
                Memory.f32(y + 4L * i, Memory.f32(y + 4L * i) + factor * x[i]);
            }
        }
    }

    /// Computes `dw += dyᵀ · x`, row by row of dw.
    static final class LinearBackwardWeight extends RangeTask {
        private final Scratch scratch;
        private Tensor dw;
        private Tensor dy;
        private Tensor x;

        LinearBackwardWeight(Workers workers) {
            super(workers);
            scratch = new Scratch(workers);
        }

        void run(Tensor dw, Tensor dy, Tensor x) {
            assert dw.dtype() == DType.F32 && dy.dtype() == DType.F32 && x.dtype() == DType.F32;
            assert dw.rows() == dy.cols() && dw.cols() == x.cols() && dy.rows() == x.rows();
            this.dw = dw;
            this.dy = dy;
            this.x = x;
            distribute(dw.rows(), (long) dw.cols() * (x.rows() + 1));
        }

        @Override
        protected void range(int from, int to, int worker) {
            int k = dw.cols();
            int numTokens = x.rows();
            float[] sum = scratch.of(worker, k);
            for (int r = from; r < to; r++) {
                long row = dw.address() + 4L * r * k;
                Memory.load(row, sum, 0, k);
                for (int n = 0; n < numTokens; n++) {
                    float factor = Memory.f32(dy.address() + 4L * ((long) n * dw.rows() + r));
                    addScaled(sum, factor, x.address() + 4L * n * k, k);
                }
                Memory.store(sum, 0, row, k);
            }
        }

        private static void addScaled(float[] y, float factor, long x, int count) {
            for (int i = 0; i < count; i++) {
                y[i] += factor * Memory.f32(x + 4L * i);
            }
        }
    }
}
