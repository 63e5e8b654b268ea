package glia.kernels.vector;

import static glia.tensor.Memory.ALL;
import static glia.kernels.vector.Simd.*;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import glia.kernels.tiled.Scratch;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Quantizes and dequantizes whole blocks of 32 values as defined by `Precision.FAST`, with the bits of the scalar
/// kernel.
public final class QuantizeActivations extends RangeTask {
    private static final int BLOCK = Precision.BLOCK;

    /// The relative distance of the two sides of the outlier test below which F32 cannot decide.
    private static final float DOUBT = 1e-5f;

    /// Blocks whose scales are computed before they are quantized.
    private static final int MAX_PER_CALL = 64;

    /// Adding and subtracting this constant rounds a value below 2^22 to an integer, half to even.
    private static final float ROUNDER = 12582912f;

    private final Scratch[] scratch;
    private Tensor y;
    private Tensor x;

    public QuantizeActivations(Workers workers) {
        super(workers);
        scratch = Scratch.each(workers.count());
    }

    /// @param x rows of whole blocks
    public void run(Tensor y, Tensor x) {
        assert y.dtype() == DType.F32 && x.dtype() == DType.F32 && y.rows() == x.rows() && y.cols() == x.cols();
        assert x.cols() % BLOCK == 0;
        this.y = y;
        this.x = x;
        distribute(Math.toIntExact(x.size() / BLOCK), BLOCK);
    }

    @Override
    protected void range(int from, int to, int worker) {
        long partial = scratch[worker].reserve(BYTES + 4L * MAX_PER_CALL);
        long scales = partial + BYTES;
        for (int i = from; i < to; i += MAX_PER_CALL) {
            int count = Math.min(MAX_PER_CALL, to - i);
            long start = x.address() + 4L * BLOCK * i;
            for (int j = 0; j < count; j++) {
                Memory.f32(scales + 4L * j, scale(start + 4L * BLOCK * j, partial));
            }
            round(start, count, scales, y.address() + 4L * BLOCK * i);
        }
    }

    /// Computes the scale of a block. As integers, magnitudes have the order of the floats, with NaN above infinity.
    private static float scale(long x, long partial) {
        IntVector magnitudes = IntVector.zero(I);
        FloatVector sums = FloatVector.zero(F);
        for (int i = 0; i < 4 * BLOCK; i += BYTES) {
            FloatVector v = FloatVector.fromMemorySegment(F, ALL, x + i & ADDRESS, ORDER);
            magnitudes = magnitudes.max(v.reinterpretAsInts().and(0x7fffffff));
            sums = v.fma(v, sums);
        }
        sums.intoMemorySegment(ALL, partial & ADDRESS, ORDER);
        float largest = Float.intBitsToFloat(magnitudes.reduceLanes(VectorOperators.MAX));
        return Precision.scale(largest, hasOutliers(x, largest, Simd.sum(partial)));
    }

    private static boolean hasOutliers(long x, float largest, float squares) {
        float limit = (float) (Precision.OUTLIER * Precision.OUTLIER) * squares;
        float found = largest * largest * BLOCK;
        boolean usual = limit > Float.MIN_NORMAL / DOUBT && found <= Float.MAX_VALUE;
        if (usual && Math.abs(found - limit) > DOUBT * limit) {
            return found > limit;
        }
        double exact = 0;
        for (int i = 0; i < BLOCK; i++) {
            double number = Memory.f32(x + 4L * i);
            exact += number * number;
        }
        return (double) largest * largest * BLOCK > Precision.OUTLIER * Precision.OUTLIER * exact;
    }

    /// Computes `s · round(x / s)`. Values that are rounded to 0 keep their sign.
    private static void round(long x, int blocks, long scales, long y) {
        for (int i = 0; i < blocks; i++) {
            float s = ALL.get(Memory.F32, scales + 4L * i & ADDRESS);
            float inverse = 1 / s;
            for (int j = 0; j < 4 * BLOCK; j += BYTES) {
                FloatVector v = FloatVector.fromMemorySegment(F, ALL, x + 4L * BLOCK * i + j & ADDRESS, ORDER);
                FloatVector magnitude = v.mul(inverse).add(ROUNDER).sub(ROUNDER);
                IntVector bits = magnitude.reinterpretAsInts().or(v.reinterpretAsInts().and(0x80000000));
                bits.reinterpretAsFloats().mul(s).intoMemorySegment(ALL, y + 4L * BLOCK * i + j & ADDRESS, ORDER);
            }
        }
    }
}
