package glia.tensor.kernel.scalar;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;

/// Reductions of one row of logits.
final class Logits {
    private Logits() { }

    static int argmax(Tensor logits, int row) {
        assert logits.dtype() == DType.F32;
        long at = logits.address() + 4L * row * logits.cols();
        int best = 0;
        float largest = Float.NaN;
        for (int i = 0; i < logits.cols(); i++) {
            float v = Memory.f32(at + 4L * i);
            if (v > largest || Float.isNaN(largest) && !Float.isNaN(v)) {
                best = i;
                largest = v;
            }
        }
        return best;
    }

    static float logSumExp(Tensor logits, int row) {
        assert logits.dtype() == DType.F32;
        long at = logits.address() + 4L * row * logits.cols();
        float largest = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < logits.cols(); i++) {
            largest = Math.max(largest, Memory.f32(at + 4L * i));
        }
        if (Float.isInfinite(largest)) {
            return largest;
        }
        double sum = 0;
        for (int i = 0; i < logits.cols(); i++) {
            sum += Math.exp(Memory.f32(at + 4L * i) - largest);
        }
        return (float) (largest + Math.log(sum));
    }
}
