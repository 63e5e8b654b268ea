package glia.kernels.vector;

import static glia.kernels.vector.Simd.*;
import static glia.tensor.Memory.ALL;
import static jdk.incubator.vector.VectorOperators.*;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;

import glia.tensor.Memory;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/// The vector width of this processor, and code shared by all kernels of this package.
///
/// **No method of this package takes or returns a vector.** C2 stops inlining methods into a loop after some 18,000
/// nodes of its graph, and a vector operation takes about 450; from then on it inlines only methods of the Vector API
/// itself. A vector that crosses a call that is not inlined is boxed on the heap, which makes the loop a hundred times
/// slower. So loops call the API directly, and shared data passes through memory.
final class Simd {
    static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;

    /// F32 lanes of a vector: 16, 8 or 4.
    static final int LANES = F.length();

    /// Vector width in bytes.
    static final int BYTES = F.vectorByteSize();

    /// Columns of a panel: two vectors.
    static final int PANEL = 2 * LANES;

    /// Size of a row of a panel, in bytes.
    static final int PANEL_BYTES = 2 * BYTES;

    /// A mask that clears the two highest bits, which no address has set. The compiler can then assume that an address
    /// is not negative and that a small offset does not overflow it, and removes the bounds checks.
    static final long ADDRESS = Long.MAX_VALUE >>> 1;

    static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

    static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ORDER);

    private Simd() { }

    /// The sum of the lanes of one vector in memory, by halves. (`reduceLanes` adds in one order before it is compiled
    /// and in another after, so that results would depend on time.)
    static float sum(long vector) {
        for (int half = LANES / 2; half > 1; half /= 2) {
            for (int i = 0; i < half; i++) {
                long at = vector + 4L * i;
                Memory.f32(at, Memory.f32(at) + Memory.f32(at + 4L * half));
            }
        }
        return Memory.f32(vector) + Memory.f32(vector + 4);
    }

    /// `e^x` with a relative error of 2e-7: `2^n · e^r` with `|r| <= ln 2 / 2`, e^r by a polynomial of degree 7. Below
    /// -87.3 the result is 0, above 88.3 that of 88.3; NaN stays NaN.
    static final class Exponential {
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

    /// `tanh x` by 13 levels of Lambert's continued fraction `x / (1 + x²/(3 + x²/(5 + …)))`, expanded to a quotient of
    /// polynomials in x². All coefficients are positive, so there is no cancellation. The quotient is exact to 4e-8 up
    /// to 9, beyond which F32's tanh is 1.
    static final class HyperbolicTangent {
        private HyperbolicTangent() { }

        /// Computes `to = out · tanh(in · x)` for whole vectors; `to` may be x. NaN stays NaN.
        static void apply(long x, long sizeBytes, float in, float out, long to) {
            for (long i = 0; i < sizeBytes; i += BYTES) {
                FloatVector v = FloatVector.fromMemorySegment(F, ALL, x + i & ADDRESS, ORDER).mul(in);
                v = v.blend(9f, v.compare(GT, 9f));
                v = v.blend(-9f, v.compare(LT, -9f));
                FloatVector square = v.mul(v);
                FloatVector p = FloatVector.broadcast(F, 1.264885555749117e-13f);
                p = p.fma(square, FloatVector.broadcast(F, 5.179706350792634e-10f));
                p = p.fma(square, FloatVector.broadcast(F, 3.2286836253274086e-07f));
                p = p.fma(square, FloatVector.broadcast(F, 6.625258799171843e-05f));
                p = p.fma(square, FloatVector.broadcast(F, 0.0052173913043478265f));
                p = p.fma(square, FloatVector.broadcast(F, 0.14666666666666667f));
                p = p.fma(square, FloatVector.broadcast(F, 1f));
                FloatVector q = FloatVector.broadcast(F, 1.1510458557316966e-11f);
                q = q.fma(square, FloatVector.broadcast(F, 1.5193805295658393e-08f));
                q = q.fma(square, FloatVector.broadcast(F, 5.230467473030402e-06f));
                q = q.fma(square, FloatVector.broadcast(F, 0.0006625258799171842f));
                q = q.fma(square, FloatVector.broadcast(F, 0.03188405797101449f));
                q = q.fma(square, FloatVector.broadcast(F, 0.48f));
                q = q.fma(square, FloatVector.broadcast(F, 1f));
                v.mul(p).div(q).mul(out).intoMemorySegment(ALL, to + i & ADDRESS, ORDER);
            }
        }
    }
}
