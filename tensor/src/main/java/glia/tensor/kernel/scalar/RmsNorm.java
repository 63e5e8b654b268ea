package glia.tensor.kernel.scalar;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// RMS normalization, https://arxiv.org/abs/1910.07467; the sum of squares in F64.
final class RmsNorm extends RangeTask {
    private Tensor y;
    private Tensor x;
    private Tensor w;
    private float eps;
    private float offset;

    RmsNorm(Workers workers) {
        super(workers);
    }

    void run(Tensor y, Tensor x, Tensor w, float eps, float offset) {
        assert y.dtype() == DType.F32 && x.dtype() == DType.F32 && w.dtype() == DType.F32;
        assert y.size() == x.size() && w.size() > 0 && x.size() % w.size() == 0;
        this.y = y;
        this.x = x;
        this.w = w;
        this.eps = eps;
        this.offset = offset;
        distribute((int) (x.size() / w.size()), 2 * w.size());
    }

    @Override
    protected void range(int from, int to, int worker) {
        int cols = (int) w.size();
        for (int row = from; row < to; row++) {
            long in = x.address() + 4L * row * cols;
            long out = y.address() + 4L * row * cols;
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
    }
}
