package glia.kernels.vector;

import static glia.kernels.vector.Simd.*;
import static glia.tensor.Memory.ALL;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;

import glia.kernels.tiled.Scratch;
import glia.tensor.Memory;
import glia.tensor.kernel.Activation;
import jdk.incubator.vector.FloatVector;

/// Gradients of activations: blocks of values and of derivatives, with the formulas of `Pointwise`, then their products
/// with the incoming gradient. Not thread-safe.
final class ActivationDerivatives {
    private static final int BLOCK = 1024;
    private static final long BLOCK_BYTES = 4L * BLOCK;
    /// From here on the derivative of GELU's tanh form is constant in F32.
    private static final float STRAIGHT = 16;

    private final Scratch scratch = new Scratch();

    ActivationDerivatives() { }

    /// Computes `dx += dy · up · f'(x)`, `du += dy · f(x)`.
    ///
    /// @param du 0 if there is no up
    void run(Activation f, long dx, long du, long dy, long x, long up, int count) {
        // A block of values, one of derivatives, one of exponentials, a vector of zeros, and vectors for a tail.
        long memory = scratch.reserve(3 * BLOCK_BYTES + 6L * BYTES);
        long zeros = memory + 3 * BLOCK_BYTES;
        VectorTiles.zero(zeros, LANES);
        int end = count - count % LANES;
        for (int i = 0; i < end; i += BLOCK) {
            long at = 4L * i;
            block(f, dx + at, du == 0 ? 0 : du + at, dy + at, x + at, du == 0 ? 0 : up + at,
                    4L * Math.min(BLOCK, end - i), memory);
        }
        if (end < count) {
            long[] numbers = {dx, du, dy, x, up};
            long tails = zeros + BYTES;
            for (int n = 0; n < numbers.length && end < count; n++) {
                for (int i = 0; i < LANES; i++) {
                    boolean is = numbers[n] != 0 && end + i < count;
                    Memory.f32(tails + (long) n * BYTES + 4L * i, is ? Memory.f32(numbers[n] + 4L * (end + i)) : 0);
                }
            }
            block(f, tails, du == 0 ? 0 : tails + BYTES, tails + 2L * BYTES, tails + 3L * BYTES, tails + 4L * BYTES,
                    BYTES, memory);
            for (int n = 0; n < 2; n++) {
                for (int i = 0; end + i < count && numbers[n] != 0; i++) {
                    Memory.f32(numbers[n] + 4L * (end + i), Memory.f32(tails + (long) n * BYTES + 4L * i));
                }
            }
        }
    }

    /// @param sizeBytes whole vectors
    private static void block(Activation f, long dx, long du, long dy, long x, long up, long sizeBytes, long memory) {
        long value = memory;
        long derivative = memory + BLOCK_BYTES;
        long e = memory + 2 * BLOCK_BYTES;
        long zeros = memory + 3 * BLOCK_BYTES;
        switch (f) {
            case SILU -> {
                negative(x, sizeBytes, e);
                Exponential.apply(e, (int) (sizeBytes / BYTES), BYTES, zeros, e);
                silu(x, sizeBytes, e, value, derivative);
            }
            case GELU_TANH -> {
                exponents(x, sizeBytes, e);
                Exponential.apply(e, (int) (sizeBytes / BYTES), BYTES, zeros, e);
                tanhForm(x, sizeBytes, e, value, derivative);
            }
            case GELU -> {
                negativeSquares(x, sizeBytes, e);
                Exponential.apply(e, (int) (sizeBytes / BYTES), BYTES, zeros, e);
                gelu(x, sizeBytes, e, value, derivative);
            }
            case TANH -> {
                HyperbolicTangent.apply(x, sizeBytes, 1, 1, value);
                tanh(sizeBytes, value, derivative);
            }
            case RELU, RELU_SQUARED -> relu(x, sizeBytes, f == Activation.RELU_SQUARED, value, derivative);
        }
        if (du == 0) {
            accumulate(dx, dy, derivative, sizeBytes);
        } else {
            multiply(derivative, up, sizeBytes);
            accumulate(dx, dy, derivative, sizeBytes);
            accumulate(du, dy, value, sizeBytes);
        }
    }

    private static void multiply(long y, long by, long sizeBytes) {
        for (long i = 0; i < sizeBytes; i += BYTES) {
            FloatVector.fromMemorySegment(F, ALL, y + i & ADDRESS, ORDER)
                    .mul(FloatVector.fromMemorySegment(F, ALL, by + i & ADDRESS, ORDER))
                    .intoMemorySegment(ALL, y + i & ADDRESS, ORDER);
        }
    }

    /// `to += a · b`
    private static void accumulate(long to, long a, long b, long sizeBytes) {
        for (long i = 0; i < sizeBytes; i += BYTES) {
            FloatVector.fromMemorySegment(F, ALL, a + i & ADDRESS, ORDER)
                    .fma(FloatVector.fromMemorySegment(F, ALL, b + i & ADDRESS, ORDER),
                            FloatVector.fromMemorySegment(F, ALL, to + i & ADDRESS, ORDER))
                    .intoMemorySegment(ALL, to + i & ADDRESS, ORDER);
        }
    }

    private static void negative(long x, long sizeBytes, long to) {
        for (long i = 0; i < sizeBytes; i += BYTES) {
            FloatVector.fromMemorySegment(F, ALL, x + i & ADDRESS, ORDER).neg()
                    .intoMemorySegment(ALL, to + i & ADDRESS, ORDER);
        }
    }

    private static void silu(long x, long sizeBytes, long e, long value, long derivative) {
        for (long i = 0; i < sizeBytes; i += BYTES) {
            FloatVector s = FloatVector.broadcast(F, 1f)
                    .div(FloatVector.fromMemorySegment(F, ALL, e + i & ADDRESS, ORDER).add(1f));
            FloatVector v = FloatVector.fromMemorySegment(F, ALL, x + i & ADDRESS, ORDER).mul(s);
            v.intoMemorySegment(ALL, value + i & ADDRESS, ORDER);
            v.fma(s.neg().add(1f), s).intoMemorySegment(ALL, derivative + i & ADDRESS, ORDER);
        }
    }

    /// `-v` for `σ(v)`, `v = 2·√(2/π)·(x + 0.044715 x³)`, of x within ±STRAIGHT.
    private static void exponents(long x, long sizeBytes, long to) {
        for (long i = 0; i < sizeBytes; i += BYTES) {
            FloatVector c = FloatVector.fromMemorySegment(F, ALL, x + i & ADDRESS, ORDER);
            c = c.blend(STRAIGHT, c.compare(GT, STRAIGHT)).blend(-STRAIGHT, c.compare(LT, -STRAIGHT));
            c.mul(c).mul(-0.0713548162f).add(-1.5957691216f).mul(c)
                    .intoMemorySegment(ALL, to + i & ADDRESS, ORDER);
        }
    }

    /// `x · σ(v)`, `σ + x · σ · (1 - σ) · v'`
    private static void tanhForm(long x, long sizeBytes, long e, long value, long derivative) {
        for (long i = 0; i < sizeBytes; i += BYTES) {
            FloatVector s = FloatVector.broadcast(F, 1f)
                    .div(FloatVector.fromMemorySegment(F, ALL, e + i & ADDRESS, ORDER).add(1f));
            FloatVector v = FloatVector.fromMemorySegment(F, ALL, x + i & ADDRESS, ORDER);
            v.mul(s).intoMemorySegment(ALL, value + i & ADDRESS, ORDER);
            FloatVector c = v.blend(STRAIGHT, v.compare(GT, STRAIGHT)).blend(-STRAIGHT, v.compare(LT, -STRAIGHT));
            FloatVector inner = c.mul(c).mul(3 * 0.0713548162f).add(1.5957691216f);
            s.neg().add(1f).mul(s).mul(c).fma(inner, s).intoMemorySegment(ALL, derivative + i & ADDRESS, ORDER);
        }
    }

    /// `-x²/2`
    private static void negativeSquares(long x, long sizeBytes, long to) {
        for (long i = 0; i < sizeBytes; i += BYTES) {
            FloatVector v = FloatVector.fromMemorySegment(F, ALL, x + i & ADDRESS, ORDER);
            v.mul(v).mul(-0.5f).intoMemorySegment(ALL, to + i & ADDRESS, ORDER);
        }
    }

    /// `x · Φ(x)`, `Φ(x) + x · φ(x)`; see `Pointwise` for Φ.
    private static void gelu(long x, long sizeBytes, long e, long value, long derivative) {
        for (long i = 0; i < sizeBytes; i += BYTES) {
            FloatVector v = FloatVector.fromMemorySegment(F, ALL, x + i & ADDRESS, ORDER);
            FloatVector exp = FloatVector.fromMemorySegment(F, ALL, e + i & ADDRESS, ORDER);
            FloatVector t = FloatVector.broadcast(F, 1f).div(v.abs().mul(0.70710678f * 0.3275911f).add(1f));
            FloatVector poly = t.mul(1.061405429f).add(-1.453152027f);
            poly = poly.fma(t, FloatVector.broadcast(F, 1.421413741f));
            poly = poly.fma(t, FloatVector.broadcast(F, -0.284496736f));
            poly = poly.fma(t, FloatVector.broadcast(F, 0.254829592f)).mul(t).mul(0.5f);
            FloatVector beyond = poly.mul(exp);
            FloatVector phi = beyond.blend(beyond.neg().add(1f), v.compare(GT, 0f));
            v.mul(phi).intoMemorySegment(ALL, value + i & ADDRESS, ORDER);
            v.mul(exp).fma(FloatVector.broadcast(F, 0.39894228f), phi)
                    .intoMemorySegment(ALL, derivative + i & ADDRESS, ORDER);
        }
    }

    private static void tanh(long sizeBytes, long value, long derivative) {
        for (long i = 0; i < sizeBytes; i += BYTES) {
            FloatVector v = FloatVector.fromMemorySegment(F, ALL, value + i & ADDRESS, ORDER);
            v.neg().fma(v, FloatVector.broadcast(F, 1f)).intoMemorySegment(ALL, derivative + i & ADDRESS, ORDER);
        }
    }

    private static void relu(long x, long sizeBytes, boolean squared, long value, long derivative) {
        for (long i = 0; i < sizeBytes; i += BYTES) {
            FloatVector v = FloatVector.fromMemorySegment(F, ALL, x + i & ADDRESS, ORDER);
            FloatVector r = v.blend(0f, v.compare(LT, 0f));
            (squared ? r.mul(r) : r).intoMemorySegment(ALL, value + i & ADDRESS, ORDER);
            (squared ? r.add(r) : FloatVector.zero(F).blend(1f, v.compare(GT, 0f)))
                    .intoMemorySegment(ALL, derivative + i & ADDRESS, ORDER);
        }
    }
}
