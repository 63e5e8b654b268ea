package glia.tensor.kernel.scalar;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// RMS normalization, https://arxiv.org/abs/1910.07467, with the sum of squares in F64, and layer normalization,
/// https://arxiv.org/abs/1607.06450, with mean and population variance in F64.
final class Norms extends RangeTask {
    private Tensor y;
    private Tensor x;
    private Tensor w;
    private Tensor b;
    private float eps;
    private float offset;
    private boolean centered;

    Norms(Workers workers) {
        super(workers);
    }

    void rms(Tensor y, Tensor x, Tensor w, float eps, float offset) {
        this.offset = offset;
        run(y, x, w, null, eps, false);
    }

    void layer(Tensor y, Tensor x, Tensor w, Tensor b, float eps) {
        assert b == null || b.dtype() == DType.F32 && b.size() == w.size();
        run(y, x, w, b, eps, true);
    }

    private void run(Tensor y, Tensor x, Tensor w, Tensor b, float eps, boolean centered) {
        assert y.dtype() == DType.F32 && x.dtype() == DType.F32 && w.dtype() == DType.F32;
        assert y.size() == x.size() && w.size() > 0 && x.size() % w.size() == 0;
        this.y = y;
        this.x = x;
        this.w = w;
        this.b = b;
        this.eps = eps;
        this.centered = centered;
        distribute((int) (x.size() / w.size()), 3 * w.size());
    }

    @Override
    protected void range(int from, int to, int worker) {
        int cols = (int) w.size();
        for (int row = from; row < to; row++) {
            long in = x.address() + 4L * row * cols;
            long out = y.address() + 4L * row * cols;
            if (centered) {
                layer(in, out, cols);
            } else {
                rms(in, out, cols);
            }
        }
    }

    private void rms(long in, long out, int cols) {
        double sum = 0;
        for (int i = 0; i < cols; i++) {
            double v = Memory.f32(in + 4L * i);
            sum += v * v;
        }
        float factor = (float) (1 / Math.sqrt(sum / cols + eps));
        for (int i = 0; i < cols; i++) {
            float weight = Memory.f32(w.address() + 4L * i) + offset;
            Memory.f32(out + 4L * i, Memory.f32(in + 4L * i) * factor * weight);
        }
    }

    private void layer(long in, long out, int cols) {
        double sum = 0;
        for (int i = 0; i < cols; i++) {
            sum += Memory.f32(in + 4L * i);
        }
        double mean = sum / cols;
        double squares = 0;
        for (int i = 0; i < cols; i++) {
            double v = Memory.f32(in + 4L * i) - mean;
            squares += v * v;
        }
        double factor = 1 / Math.sqrt(squares / cols + eps);
        for (int i = 0; i < cols; i++) {
            float normal = (float) ((Memory.f32(in + 4L * i) - mean) * factor);
            float bias = b == null ? 0 : Memory.f32(b.address() + 4L * i);
            Memory.f32(out + 4L * i, normal * Memory.f32(w.address() + 4L * i) + bias);
        }
    }

    /// Gradients of norms, in F64: first of x, row by row, then of the weight, column by column. RMS norm is the case
    /// with mean 0.
    static final class NormBackward extends RangeTask {
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
            assert dx.dtype() == DType.F32 && dy.dtype() == DType.F32;
            assert x.dtype() == DType.F32 && w.dtype() == DType.F32;
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
}
