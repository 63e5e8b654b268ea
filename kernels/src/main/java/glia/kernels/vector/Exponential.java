package glia.kernels.vector;

import static glia.tensor.Memory.ALL;
import static glia.kernels.vector.Simd.*;
import static jdk.incubator.vector.VectorOperators.*;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;

/// `e^x` with a relative error of 2e-7: `2^n · e^r` with `|r| <= ln 2 / 2`, e^r by a polynomial of degree 7. Below
/// -87.3 the result is 0, above 88.3 that of 88.3; NaN stays NaN.
final class Exponential {
    private static final float LOG2_E = 1.44269504f;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;

    /// Adding this constant rounds a float below 2^22 to the nearest integer, whose bits are then the sum's lowest.
    private static final float ROUNDER = 12582912f;

    private Exponential() { }

    /// Computes `to = e^(x - shift)` for `count` vectors, `step` bytes apart; `shift` is the address of one vector.
    /// `to` may be x.
    static void apply(long x, int count, long step, long shift, long to) {
        FloatVector minus = FloatVector.fromMemorySegment(F, ALL, shift & ADDRESS, ORDER);
        for (int i = 0; i < count; i++) {
            FloatVector z = FloatVector.fromMemorySegment(F, ALL, x + i * step & ADDRESS, ORDER).sub(minus);
            VectorMask<Float> tiny = z.compare(LT, -87.3f);
            z = z.blend(88.3f, z.compare(GT, 88.3f)).blend(-87.3f, tiny);
            FloatVector shifted = z.fma(FloatVector.broadcast(F, LOG2_E), FloatVector.broadcast(F, ROUNDER));
            FloatVector n = shifted.sub(ROUNDER);
            FloatVector r = n.fma(FloatVector.broadcast(F, -LN2_HIGH), z);
            r = n.fma(FloatVector.broadcast(F, -LN2_LOW), r);
            FloatVector p = FloatVector.broadcast(F, 1.9875691500e-4f);
            p = p.fma(r, FloatVector.broadcast(F, 1.3981999507e-3f));
            p = p.fma(r, FloatVector.broadcast(F, 8.3334519073e-3f));
            p = p.fma(r, FloatVector.broadcast(F, 4.1665795894e-2f));
            p = p.fma(r, FloatVector.broadcast(F, 1.6666665459e-1f));
            p = p.fma(r, FloatVector.broadcast(F, 5.0000001201e-1f));
            p = p.fma(r.mul(r), r.add(1f));
            IntVector bits = p.reinterpretAsInts().add(shifted.reinterpretAsInts().lanewise(LSHL, 23));
            bits.reinterpretAsFloats().blend(0f, tiny).intoMemorySegment(ALL, to + i * step & ADDRESS, ORDER);
        }
    }
}
