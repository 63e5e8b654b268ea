package glia.kernels.rows;

import glia.kernels.code.IsaLevel;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;

/// Reductions of one row of logits, by `LogitCode`, on the calling thread. That the row is one of an F32 tensor's is
/// checked at each call; a tensor's memory is as large as its shape says.
public final class Logits {
    /// Numbers that one call takes at most: a few µs.
    private static final int STRETCH = 32_768;

    private final IsaLevel level;

    public Logits(IsaLevel level) {
        this.level = level;
    }

    /// The index of the largest number, the lowest such where equal; NaN counts as smallest.
    public int argmax(Tensor logits, int row) {
        long x = address(logits, row);
        int size = logits.cols();
        float largest = largest(x, size);
        for (int i = 0; i < size; i += STRETCH) {
            long found = LogitCode.of(level).first(x + 4L * i, Math.min(STRETCH, size - i), largest);
            if (found >= 0) {
                return i + (int) found;
            }
        }
        return 0;
    }

    /// `ln Σ exp(row)`, computed without overflow.
    public float logSumExp(Tensor logits, int row) {
        long x = address(logits, row);
        int size = logits.cols();
        float largest = largest(x, size);
        if (Float.isInfinite(largest)) {
            return hasNaN(x, size) ? Float.NaN : largest;
        }
        double sum = 0;
        for (int i = 0; i < size; i += STRETCH) {
            sum += LogitCode.of(level).sumOfExponentials(x + 4L * i, Math.min(STRETCH, size - i), largest);
        }
        return (float) (largest + Math.log(sum));
    }

    private static long address(Tensor logits, int row) {
        if (logits.dtype() != DType.F32 || row < 0 || row >= logits.rows()) {
            throw new IllegalArgumentException("row " + row + " of logits " + logits);
        }
        return logits.address() + 4L * row * logits.cols();
    }

    private float largest(long x, int size) {
        float largest = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < size; i += STRETCH) {
            largest = Math.max(largest, LogitCode.of(level).largest(x + 4L * i, Math.min(STRETCH, size - i)));
        }
        return largest;
    }

    private static boolean hasNaN(long x, int size) {
        for (int i = 0; i < size; i++) {
            if (Float.isNaN(Memory.f32(x + 4L * i))) {
                return true;
            }
        }
        return false;
    }
}
