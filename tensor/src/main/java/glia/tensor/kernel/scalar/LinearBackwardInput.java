package glia.tensor.kernel.scalar;

import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.format.MatrixReader;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Computes `dx += dy · w`. A unit of work is a strip of columns, so that each value of w is decoded once.
final class LinearBackwardInput extends RangeTask {
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
