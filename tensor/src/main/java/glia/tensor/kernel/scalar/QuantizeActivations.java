package glia.tensor.kernel.scalar;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Quantizes blocks of 32 values to 8 bits, or to 15 bits if they have outliers, and dequantizes them.
final class QuantizeActivations extends RangeTask {
    private static final int BLOCK = Precision.BLOCK;

    private Tensor y;
    private Tensor x;

    QuantizeActivations(Workers workers) {
        super(workers);
    }

    void run(Tensor y, Tensor x) {
        assert y.dtype() == DType.F32 && x.dtype() == DType.F32 && y.rows() == x.rows() && y.cols() == x.cols();
        this.y = y;
        this.x = x;
        distribute(x.rows(), 4L * x.cols());
    }

    @Override
    protected void range(int from, int to, int worker) {
        int cols = x.cols();
        for (int row = from; row < to; row++) {
            long start = 4L * row * cols;
            for (int i = 0; i < cols; i += BLOCK) {
                block(y.address() + start + 4L * i, x.address() + start + 4L * i, Math.min(BLOCK, cols - i));
            }
        }
    }

    private static void block(long y, long x, int count) {
        float largest = 0;
        double squares = 0;
        for (int i = 0; i < count; i++) {
            float number = Memory.f32(x + 4L * i);
            largest = Math.max(largest, Math.abs(number));
            squares += (double) number * number;
        }
        boolean hasOutliers = (double) largest * largest * count > Precision.OUTLIER * Precision.OUTLIER * squares;
        float scale = Precision.scale(largest, hasOutliers);
        float inverse = 1 / scale;
        for (int i = 0; i < count; i++) {
            Memory.f32(y + 4L * i, scale * (float) Math.rint(Memory.f32(x + 4L * i) * inverse));
        }
    }
}
