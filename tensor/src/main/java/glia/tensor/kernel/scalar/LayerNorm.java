package glia.tensor.kernel.scalar;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Layer normalization, https://arxiv.org/abs/1607.06450; mean and population variance in F64.
final class LayerNorm extends RangeTask {
    private Tensor y;
    private Tensor x;
    private Tensor w;
    private Tensor b;
    private float eps;

    LayerNorm(Workers workers) {
        super(workers);
    }

    void run(Tensor y, Tensor x, Tensor w, Tensor b, float eps) {
        assert y.dtype() == DType.F32 && x.dtype() == DType.F32 && w.dtype() == DType.F32;
        assert y.size() == x.size() && w.size() > 0 && x.size() % w.size() == 0;
        assert b == null || b.dtype() == DType.F32 && b.size() == w.size();
        this.y = y;
        this.x = x;
        this.w = w;
        this.b = b;
        this.eps = eps;
        distribute((int) (x.size() / w.size()), 3 * w.size());
    }

    @Override
    protected void range(int from, int to, int worker) {
        int cols = (int) w.size();
        for (int row = from; row < to; row++) {
            long in = x.address() + 4L * row * cols;
            long out = y.address() + 4L * row * cols;
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
    }
}
