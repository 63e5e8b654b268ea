package glia.kernels.vector;

import static glia.kernels.vector.Simd.*;
import static glia.tensor.Memory.ALL;
import static jdk.incubator.vector.VectorOperators.LT;

import glia.kernels.gradient.RowSteps.NormFactors;
import glia.kernels.gradient.RowSteps;
import glia.kernels.tiled.Scratch;
import glia.tensor.Memory;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.GradientKernels.AdamStep;
import jdk.incubator.vector.FloatVector;

/// The inner loops of row-wise gradients on the Vector API. Sums are in F32, over lanes. The last values, which fill no
/// vector, are computed one by one, or pass through a vector of scratch memory.
final class VectorRowSteps implements RowSteps {
    /// Values of a block of exponentials.
    private static final int BLOCK = 1024;
    /// Below this, `e^x` is 0 in F32, and so are its products.
    private static final float MIN = -150;

    private final Scratch scratch = new Scratch();
    private final ActivationDerivatives derivatives = new ActivationDerivatives();

    VectorRowSteps() { }

    /// A vector of zeros, one for sums, one for a tail, then a block of values.
    private long memory() {
        long memory = scratch.reserve(3L * BYTES + 4L * BLOCK);
        VectorTiles.zero(memory, LANES);
        return memory;
    }

    private static int whole(int count) {
        return count - count % LANES;
    }

    @Override
    public double sum(long x, int count) {
        long partial = memory() + BYTES;
        FloatVector s = FloatVector.zero(F);
        int end = whole(count);
        for (int i = 0; i < end; i += LANES) {
            s = s.add(FloatVector.fromMemorySegment(F, ALL, x + 4L * i & ADDRESS, ORDER));
        }
        s.intoMemorySegment(ALL, partial & ADDRESS, ORDER);
        double sum = Simd.sum(partial);
        for (int i = end; i < count; i++) {
            sum += Memory.f32(x + 4L * i);
        }
        return sum;
    }

    @Override
    public void normSums(long x, long dy, long w, int count, long factors) {
        long partial = memory() + BYTES;
        float mean = Memory.f32(factors + NormFactors.MEAN_F32);
        float offset = Memory.f32(factors + NormFactors.OFFSET_F32);
        FloatVector squares = FloatVector.zero(F);
        FloatVector sums = FloatVector.zero(F);
        FloatVector dots = FloatVector.zero(F);
        int end = whole(count);
        for (int i = 0; i < end; i += LANES) {
            FloatVector v = FloatVector.fromMemorySegment(F, ALL, x + 4L * i & ADDRESS, ORDER).sub(mean);
            FloatVector g = FloatVector.fromMemorySegment(F, ALL, w + 4L * i & ADDRESS, ORDER).add(offset)
                    .mul(FloatVector.fromMemorySegment(F, ALL, dy + 4L * i & ADDRESS, ORDER));
            squares = v.fma(v, squares);
            sums = sums.add(g);
            dots = v.fma(g, dots);
        }
        squares.intoMemorySegment(ALL, partial & ADDRESS, ORDER);
        double square = Simd.sum(partial);
        sums.intoMemorySegment(ALL, partial & ADDRESS, ORDER);
        double sum = Simd.sum(partial);
        dots.intoMemorySegment(ALL, partial & ADDRESS, ORDER);
        double dot = Simd.sum(partial);
        for (int i = end; i < count; i++) {
            double v = Memory.f32(x + 4L * i) - mean;
            double g = (Memory.f32(w + 4L * i) + offset) * Memory.f32(dy + 4L * i);
            square += v * v;
            sum += g;
            dot += g * v;
        }
        NormFactors.add(factors + NormFactors.SQUARES, square);
        NormFactors.add(factors + NormFactors.SUM, sum);
        NormFactors.add(factors + NormFactors.DOT, dot);
    }

    @Override
    public void normGradient(long dx, long dw, long dy, long x, long w, int count, long factors) {
        float mean = Memory.f32(factors + NormFactors.MEAN_F32);
        float offset = Memory.f32(factors + NormFactors.OFFSET_F32);
        float r = Memory.f32(factors + NormFactors.FACTOR);
        float pull = Memory.f32(factors + NormFactors.PULL);
        float shift = Memory.f32(factors + NormFactors.SHIFT);
        int end = whole(count);
        for (int i = 0; i < end; i += LANES) {
            FloatVector v = FloatVector.fromMemorySegment(F, ALL, x + 4L * i & ADDRESS, ORDER).sub(mean);
            FloatVector d = FloatVector.fromMemorySegment(F, ALL, dy + 4L * i & ADDRESS, ORDER);
            v.mul(r).fma(d, FloatVector.fromMemorySegment(F, ALL, dw + 4L * i & ADDRESS, ORDER))
                    .intoMemorySegment(ALL, dw + 4L * i & ADDRESS, ORDER);
            FloatVector g = FloatVector.fromMemorySegment(F, ALL, w + 4L * i & ADDRESS, ORDER).add(offset).mul(d);
            g = g.fma(FloatVector.broadcast(F, r), FloatVector.fromMemorySegment(F, ALL, dx + 4L * i & ADDRESS, ORDER));
            v.fma(FloatVector.broadcast(F, -pull), g).sub(shift)
                    .intoMemorySegment(ALL, dx + 4L * i & ADDRESS, ORDER);
        }
        for (int i = end; i < count; i++) {
            float v = Memory.f32(x + 4L * i) - mean;
            float d = Memory.f32(dy + 4L * i);
            Memory.f32(dw + 4L * i, Memory.f32(dw + 4L * i) + v * r * d);
            float g = (Memory.f32(w + 4L * i) + offset) * d;
            Memory.f32(dx + 4L * i, Memory.f32(dx + 4L * i) + r * g - pull * v - shift);
        }
    }

    @Override
    public void add(long y, long x, int count) {
        int end = whole(count);
        for (int i = 0; i < end; i += LANES) {
            FloatVector.fromMemorySegment(F, ALL, y + 4L * i & ADDRESS, ORDER)
                    .add(FloatVector.fromMemorySegment(F, ALL, x + 4L * i & ADDRESS, ORDER))
                    .intoMemorySegment(ALL, y + 4L * i & ADDRESS, ORDER);
        }
        for (int i = end; i < count; i++) {
            Memory.f32(y + 4L * i, Memory.f32(y + 4L * i) + Memory.f32(x + 4L * i));
        }
    }

    @Override
    public void activation(Activation f, long dx, long dy, long x, int count) {
        derivatives.run(f, dx, 0, dy, x, 0, count);
    }

    @Override
    public void gated(Activation f, long dgate, long dup, long dy, long gate, long up, int count) {
        derivatives.run(f, dgate, dup, dy, gate, up, count);
    }

    @Override
    public float largest(long x, int count) {
        long partial = memory() + BYTES;
        FloatVector most = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
        int end = whole(count);
        for (int i = 0; i < end; i += LANES) {
            FloatVector v = FloatVector.fromMemorySegment(F, ALL, x + 4L * i & ADDRESS, ORDER);
            most = most.blend(v, most.compare(LT, v));
        }
        most.intoMemorySegment(ALL, partial & ADDRESS, ORDER);
        float largest = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < LANES; i++) {
            largest = Math.max(largest, Memory.f32(partial + 4L * i));
        }
        for (int i = end; i < count; i++) {
            float v = Memory.f32(x + 4L * i);
            largest = v > largest ? v : largest;
        }
        return largest;
    }

    @Override
    public double exponentials(long x, int count, float shift) {
        return exponentialSum(x, count, shift, false);
    }

    @Override
    public double products(long x, int count, float shift) {
        return exponentialSum(x, count, shift, true);
    }

    private double exponentialSum(long x, int count, float shift, boolean products) {
        long memory = memory();
        long tail = memory + 2L * BYTES;
        int end = whole(count);
        double sum = 0;
        for (int i = 0; i < end; i += BLOCK) {
            sum += blockSum(x + 4L * i, Math.min(BLOCK, end - i), shift, products, memory);
        }
        if (end < count) {
            for (int i = 0; i < LANES; i++) {
                Memory.f32(tail + 4L * i, end + i < count ? Memory.f32(x + 4L * (end + i)) : Float.NEGATIVE_INFINITY);
            }
            sum += blockSum(tail, LANES, shift, products, memory);
        }
        return sum;
    }

    /// @param count whole vectors
    private static double blockSum(long x, int count, float shift, boolean products, long memory) {
        long partial = memory + BYTES;
        long block = memory + 3L * BYTES;
        distances(x, count, shift, block);
        Exponential.apply(block, count / LANES, BYTES, memory, block);
        FloatVector s0 = FloatVector.zero(F);
        for (int i = 0; i < count; i += LANES) {
            FloatVector e = FloatVector.fromMemorySegment(F, ALL, block + 4L * i & ADDRESS, ORDER);
            if (products) {
                FloatVector d = FloatVector.fromMemorySegment(F, ALL, x + 4L * i & ADDRESS, ORDER).sub(shift);
                e = e.mul(d.blend(MIN, d.compare(LT, MIN)));
            }
            s0 = s0.add(e);
        }
        s0.intoMemorySegment(ALL, partial & ADDRESS, ORDER);
        return Simd.sum(partial);
    }

    /// Computes `to = max(x - shift, MIN)`.
    private static void distances(long x, int count, float shift, long to) {
        for (int i = 0; i < count; i += LANES) {
            FloatVector d = FloatVector.fromMemorySegment(F, ALL, x + 4L * i & ADDRESS, ORDER).sub(shift);
            d.blend(MIN, d.compare(LT, MIN)).intoMemorySegment(ALL, to + 4L * i & ADDRESS, ORDER);
        }
    }

    @Override
    public void softmaxGradients(long y, long x, int count, float shift, float a, float b, boolean add) {
        long memory = memory();
        int end = whole(count);
        for (int i = 0; i < end; i += BLOCK) {
            gradientBlock(y + 4L * i, x + 4L * i, Math.min(BLOCK, end - i), shift, a, b, add, memory);
        }
        if (end < count) {
            long tail = memory + 2L * BYTES;
            for (int i = 0; i < LANES; i++) {
                Memory.f32(tail + 4L * i, end + i < count ? Memory.f32(x + 4L * (end + i)) : 0);
            }
            gradientBlock(tail, tail, LANES, shift, a, b, false, memory);
            for (int i = end; i < count; i++) {
                float derivative = Memory.f32(tail + 4L * (i - end));
                Memory.f32(y + 4L * i, add ? Memory.f32(y + 4L * i) + derivative : derivative);
            }
        }
    }

    private static void gradientBlock(long y, long x, int count, float shift, float a, float b, boolean add,
            long memory) {
        long block = memory + 3L * BYTES;
        distances(x, count, shift, block);
        Exponential.apply(block, count / LANES, BYTES, memory, block);
        for (int i = 0; i < count; i += LANES) {
            FloatVector d = FloatVector.fromMemorySegment(F, ALL, x + 4L * i & ADDRESS, ORDER).sub(shift);
            FloatVector derivative = d.blend(MIN, d.compare(LT, MIN)).mul(b).add(a)
                    .mul(FloatVector.fromMemorySegment(F, ALL, block + 4L * i & ADDRESS, ORDER));
            derivative = add ? derivative.add(FloatVector.fromMemorySegment(F, ALL, y + 4L * i & ADDRESS, ORDER))
                    : derivative;
            derivative.intoMemorySegment(ALL, y + 4L * i & ADDRESS, ORDER);
        }
    }

    @Override
    public void roundToBf16(long x, int count) {
        for (int i = 0; i < count; i++) {
            int bits = Memory.i32(x + 4L * i);
            int isNaN = 0x7f80_0000 - (bits & Integer.MAX_VALUE) >> 31;
            int rounded = bits + (0x7fff + (bits >>> 16 & 1) & ~isNaN);
            Memory.i32(x + 4L * i, rounded & 0xffff_0000 | isNaN & 0x40_0000);
        }
    }

    /// Four sums, so that additions need not wait for each other.
    @Override
    public double sumOfSquares(long x, int count) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int end = count - count % 4;
        for (int i = 0; i < end; i += 4) {
            double a = Memory.f32(x + 4L * i);
            double b = Memory.f32(x + 4L * i + 4);
            double c = Memory.f32(x + 4L * i + 8);
            double d = Memory.f32(x + 4L * i + 12);
            s0 = Math.fma(a, a, s0);
            s1 = Math.fma(b, b, s1);
            s2 = Math.fma(c, c, s2);
            s3 = Math.fma(d, d, s3);
        }
        for (int i = end; i < count; i++) {
            double a = Memory.f32(x + 4L * i);
            s0 = Math.fma(a, a, s0);
        }
        return s0 + s1 + (s2 + s3);
    }

    @Override
    public void adam(long w, long m, long v, long g, int count, AdamStep step) {
        long tail = memory() + 2L * BYTES;
        int end = whole(count);
        for (int i = 0; i < end; i += LANES) {
            adam(w + 4L * i, m + 4L * i, v + 4L * i, g + 4L * i, step);
        }
        if (end < count) {
            int bytes = 4 * (count - end);
            long at = 4L * end;
            copy(w + at, tail, bytes);
            copy(m + at, tail + BYTES, bytes);
            copy(v + at, tail + 2L * BYTES, bytes);
            copy(g + at, tail + 3L * BYTES, bytes);
            adam(tail, tail + BYTES, tail + 2L * BYTES, tail + 3L * BYTES, step);
            copy(tail, w + at, bytes);
            copy(tail + BYTES, m + at, bytes);
            copy(tail + 2L * BYTES, v + at, bytes);
        }
    }

    private static void copy(long from, long to, int bytes) {
        for (int i = 0; i < bytes; i += 4) {
            Memory.f32(to + i, Memory.f32(from + i));
        }
    }

    /// One vector.
    private static void adam(long w, long m, long v, long g, AdamStep step) {
        FloatVector old = FloatVector.fromMemorySegment(F, ALL, w & ADDRESS, ORDER);
        FloatVector gradient = FloatVector.fromMemorySegment(F, ALL, g & ADDRESS, ORDER).mul(step.gradientScale())
                .add(old.mul(step.decay()));
        FloatVector first = FloatVector.fromMemorySegment(F, ALL, m & ADDRESS, ORDER).mul(step.keep1())
                .add(gradient.mul(step.add1()));
        FloatVector second = FloatVector.fromMemorySegment(F, ALL, v & ADDRESS, ORDER).mul(step.keep2())
                .add(gradient.mul(step.add2()).mul(gradient));
        first.intoMemorySegment(ALL, m & ADDRESS, ORDER);
        second.intoMemorySegment(ALL, v & ADDRESS, ORDER);
        old.mul(step.keepWeight()).sub(first.mul(step.rate()).div(second.sqrt().mul(step.root()).add(step.epsilon())))
                .intoMemorySegment(ALL, w & ADDRESS, ORDER);
    }
}
