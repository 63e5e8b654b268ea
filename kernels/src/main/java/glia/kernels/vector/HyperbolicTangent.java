package glia.kernels.vector;

import static glia.tensor.Memory.ALL;
import static glia.kernels.vector.Simd.*;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;

import jdk.incubator.vector.FloatVector;

/// `tanh x` by 13 levels of Lambert's continued fraction `x / (1 + x²/(3 + x²/(5 + …)))`, expanded to a quotient of
/// polynomials in x². All coefficients are positive, so there is no cancellation. The quotient is exact to 4e-8 up to
/// 9, beyond which F32's tanh is 1.
final class HyperbolicTangent {
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
