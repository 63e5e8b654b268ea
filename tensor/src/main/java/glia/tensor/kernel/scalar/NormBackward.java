package glia.tensor.kernel.scalar;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Gradients of norms, in F64: first of x, row by row, then of the weight, column by column. RMS norm is the case with
/// mean 0.
final class NormBackward extends RangeTask {
    private Tensor dx;
    private Tensor dw;
    private Tensor dy;
    private Tensor x;
    private Tensor w;
    private double eps;
    private double offset;
    private boolean centered;
    private boolean byColumn;
    /// The mean of each row.
    private double[] means = {};
    private double[] factors = {};

    NormBackward(Workers workers) {
        super(workers);
    }

    void rms(Tensor dx, Tensor dw, Tensor dy, Tensor x, Tensor w, float eps, float offset) {
        centered = false;
        run(dx, dw, dy, x, w, eps, offset);
    }

    void layer(Tensor dx, Tensor dw, Tensor dy, Tensor x, Tensor w, float eps) {
        centered = true;
        run(dx, dw, dy, x, w, eps, 0);
    }

    private void run(Tensor dx, Tensor dw, Tensor dy, Tensor x, Tensor w, float eps, float offset) {
        assert dx.dtype() == DType.F32 && dy.dtype() == DType.F32 && x.dtype() == DType.F32 && w.dtype() == DType.F32;
        assert dx.size() == x.size() && dy.size() == x.size() && w.size() > 0 && x.size() % w.size() == 0;
        assert dw == null || dw.dtype() == DType.F32 && dw.size() == w.size();
        this.dx = dx;
        this.dw = dw;
        this.dy = dy;
        this.x = x;
        this.w = w;
        this.eps = eps;
        this.offset = offset;
        int rows = numRows();
        if (means.length < rows) {
            means = new double[rows];
            factors = new double[rows];
        }
        byColumn = false;
        distribute(rows, 8 * w.size());
        if (dw != null) {
            byColumn = true;
            distribute((int) w.size(), 3L * rows);
        }
    }

    private int numRows() {
        return (int) (x.size() / w.size());
    }

    private static double at(Tensor t, long index) {
        return Memory.f32(t.address() + 4 * index);
    }

    private static void add(Tensor t, long index, double value) {
        long address = t.address() + 4 * index;
        Memory.f32(address, (float) (Memory.f32(address) + value));
    }

    @Override
    protected void range(int from, int to, int worker) {
        for (int i = from; i < to; i++) {
            if (byColumn) {
                column(i);
            } else {
                row(i);
            }
        }
    }

    private void row(int row) {
        int size = (int) w.size();
        long start = (long) row * size;
        double mean = 0;
        for (int i = 0; centered && i < size; i++) {
            mean += at(x, start + i) / size;
        }
        double squares = 0;
        double sum = 0;
        double dot = 0;
        for (int i = 0; i < size; i++) {
            double centeredX = at(x, start + i) - mean;
            double g = at(dy, start + i) * (at(w, i) + offset);
            squares += centeredX * centeredX;
            sum += g;
            dot += g * centeredX;
        }
        double factor = 1 / Math.sqrt(squares / size + eps);
        means[row] = mean;
        factors[row] = factor;
        double meanG = centered ? sum / size : 0;
        for (int i = 0; i < size; i++) {
            double g = at(dy, start + i) * (at(w, i) + offset);
            double pull = (at(x, start + i) - mean) * factor * factor * dot / size;
            add(dx, start + i, factor * (g - meanG - pull));
        }
    }

    private void column(int column) {
        double sum = 0;
        for (int row = 0; row < numRows(); row++) {
            long at = row * w.size() + column;
            sum += at(dy, at) * (at(x, at) - means[row]) * factors[row];
        }
        add(dw, column, sum);
    }
}
