package glia.tensor.kernel.scalar;

import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.format.MatrixReader;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

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
}
