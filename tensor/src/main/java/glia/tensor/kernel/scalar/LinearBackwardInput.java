package glia.tensor.kernel.scalar;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// `dx += dy · w`. A unit of work is a strip of columns, so that each number of w is decoded once.
final class LinearBackwardInput extends RangeTask {
    private static final int STRIP = 32;

    private final Scratch scratch;
    private Tensor dx;
    private Tensor dy;
    private Tensor w;
    private int strip;

    LinearBackwardInput(Workers workers) {
        super(workers);
        scratch = new Scratch(workers);
    }

    void run(Tensor dx, Tensor dy, Tensor w) {
        assert dx.dtype() == DType.F32 && dy.dtype() == DType.F32 && w.dtype().isReal();
        assert dx.rows() == dy.rows() && dx.cols() == w.cols() && dy.cols() == w.rows();
        this.dx = dx;
        this.dy = dy;
        this.w = w;
        strip = Math.max(STRIP, w.dtype().blockElements());
        spread(Math.ceilDiv(w.cols(), strip), (long) strip * w.rows() * (dx.rows() + 1));
    }

    @Override
    protected void range(int from, int to, int worker) {
        int first = from * strip;
        int count = Math.min(w.cols(), to * strip) - first;
        int numRows = w.rows();
        int numTokens = dx.rows();
        float[] row = scratch.of(worker, count);
        long at = w.address() + w.dtype().bytes(first);
        for (int r = 0; r < numRows; r++) {
            Decode.toFloats(w.dtype(), at + r * w.rowBytes(), row, 0, count);
            for (int n = 0; n < numTokens; n++) {
                float factor = Memory.f32(dy.address() + 4L * ((long) n * numRows + r));
                addScaled(dx.address() + 4L * ((long) n * w.cols() + first), factor, row, count);
            }
        }
    }

    /// `y += factor · x`
    private static void addScaled(long y, float factor, float[] x, int count) {
        for (int i = 0; i < count; i++) {
            Memory.f32(y + 4L * i, Memory.f32(y + 4L * i) + factor * x[i]);
        }
    }
}
