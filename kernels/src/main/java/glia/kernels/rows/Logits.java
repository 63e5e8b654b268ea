package glia.kernels.rows;

import glia.kernels.code.IsaLevel;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;

/// Reductions of one row of logits, by `LogitCode`, on the calling thread. Each call checks that the row belongs to an
/// F32 tensor.
public final class Logits {
    /// Maximal number of values in a call, which takes a few µs.
    private static final int MAX_PER_CALL = 32_768;

    private final IsaLevel level;

    public Logits(IsaLevel level) {
        this.level = level;
    }

    /// Returns the index of the largest value, the lowest index for equal values; NaN counts as smallest.
    public int argmax(Tensor logits, int row) {
        long x = address(logits, row);
        int size = logits.cols();
        float largest = largest(x, size);
        for (int i = 0; i < size; i += MAX_PER_CALL) {
            long found = LogitCode.of(level).first(x + 4L * i, Math.min(MAX_PER_CALL, size - i), largest);
            if (found >= 0) {
                return i + (int) found;
            }
        }
        return 0;
    }

    /// Returns `ln Σ exp(row)`, computed without overflow.
    public float logSumExp(Tensor logits, int row) {
        long x = address(logits, row);
        int size = logits.cols();
        float largest = largest(x, size);
        if (Float.isInfinite(largest)) {
            return hasNaN(x, size) ? Float.NaN : largest;
        }
        double sum = 0;
        for (int i = 0; i < size; i += MAX_PER_CALL) {
            sum += LogitCode.of(level).sumOfExponentials(x + 4L * i, Math.min(MAX_PER_CALL, size - i), largest);
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
        for (int i = 0; i < size; i += MAX_PER_CALL) {
            largest = Math.max(largest, LogitCode.of(level).largest(x + 4L * i, Math.min(MAX_PER_CALL, size - i)));
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
