package glia.tensor.kernel.scalar;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Computes `dw += dyᵀ · x`, row by row of dw.
final class LinearBackwardWeight extends RangeTask {
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
