package glia.kernels.vector;

import static glia.tensor.Memory.ALL;
import static glia.kernels.vector.Simd.*;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import glia.kernels.tiled.Scratch;
import jdk.incubator.vector.FloatVector;

/// RMS norm (https://arxiv.org/abs/1910.07467) and layer norm (https://arxiv.org/abs/1607.06450) of rows. Both are `y =
/// (x - mean) · factor · (w + offset) + b`. Sums are in F32, over the lanes of two vectors.
public final class Norms extends RangeTask {
    private final Scratch[] scratch;
    private Tensor y;
    private Tensor x;
    private Tensor w;
    private Tensor b;
    private float eps;
    private float offset;
    private boolean centered;

    public Norms(Workers workers) {
        super(workers);
        scratch = Scratch.each(workers.count());
    }

    public void rms(Tensor y, Tensor x, Tensor w, float eps, float offset) {
        run(y, x, w, null, eps, offset, false);
    }

    public void layer(Tensor y, Tensor x, Tensor w, Tensor b, float eps) {
        assert b == null || b.dtype() == DType.F32 && b.size() == w.size();
        run(y, x, w, b, eps, 0, true);
    }

    private void run(Tensor y, Tensor x, Tensor w, Tensor b, float eps, float offset, boolean centered) {
        assert y.dtype() == DType.F32 && x.dtype() == DType.F32 && w.dtype() == DType.F32;
        assert y.size() == x.size() && w.size() > 0 && x.size() % w.size() == 0;
        this.y = y;
        this.x = x;
        this.w = w;
        this.b = b;
        this.eps = eps;
        this.offset = offset;
        this.centered = centered;
        distribute((int) (x.size() / w.size()), w.size());
    }

    @Override
    protected void range(int from, int to, int worker) {
        int size = (int) w.size();
        long partial = scratch[worker].reserve(BYTES);
        for (int row = from; row < to; row++) {
            long in = x.address() + 4L * row * size;
            float mean = centered ? total(in, size, partial) / size : 0;
            float factor = (float) (1 / Math.sqrt(squares(in, size, mean, partial) / size + eps));
            apply(in, size, mean, factor, y.address() + 4L * row * size);
        }
    }

    private static float total(long in, int size, long partial) {
        FloatVector s = FloatVector.zero(F);
        int i = 0;
        for (; i <= size - LANES; i += LANES) {
            s = s.add(FloatVector.fromMemorySegment(F, ALL, in + 4L * i & ADDRESS, ORDER));
        }
        s.intoMemorySegment(ALL, partial & ADDRESS, ORDER);
        float total = Simd.sum(partial);
        for (; i < size; i++) {
            total += Memory.f32(in + 4L * i);
        }
        return total;
    }

    /// `Σ (x - mean)²`
    private static double squares(long in, int size, float mean, long partial) {
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = FloatVector.zero(F);
        int i = 0;
        for (; i <= size - 2 * LANES; i += 2 * LANES) {
            long at = in + 4L * i & ADDRESS;
            FloatVector v0 = FloatVector.fromMemorySegment(F, ALL, at, ORDER).sub(mean);
            FloatVector v1 = FloatVector.fromMemorySegment(F, ALL, at + BYTES, ORDER).sub(mean);
            s0 = v0.fma(v0, s0);
            s1 = v1.fma(v1, s1);
        }
        s0.add(s1).intoMemorySegment(ALL, partial & ADDRESS, ORDER);
        double total = Simd.sum(partial);
        for (; i < size; i++) {
            double v = Memory.f32(in + 4L * i) - mean;
            total += v * v;
        }
        return total;
    }

    private void apply(long in, int size, float mean, float factor, long out) {
        long weight = w.address();
        long bias = b == null ? 0 : b.address();
        int i = 0;
        for (; i <= size - LANES; i += LANES) {
            FloatVector v = FloatVector.fromMemorySegment(F, ALL, in + 4L * i & ADDRESS, ORDER).sub(mean).mul(factor)
                    .mul(FloatVector.fromMemorySegment(F, ALL, weight + 4L * i & ADDRESS, ORDER).add(offset));
            v = bias == 0 ? v : v.add(FloatVector.fromMemorySegment(F, ALL, bias + 4L * i & ADDRESS, ORDER));
            v.intoMemorySegment(ALL, out + 4L * i & ADDRESS, ORDER);
        }
        for (; i < size; i++) {
            float v = (Memory.f32(in + 4L * i) - mean) * factor * (Memory.f32(weight + 4L * i) + offset);
            Memory.f32(out + 4L * i, bias == 0 ? v : v + Memory.f32(bias + 4L * i));
        }
    }
}
