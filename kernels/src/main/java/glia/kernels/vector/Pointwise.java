package glia.kernels.vector;

import static glia.kernels.vector.Simd.*;
import static glia.tensor.Memory.ALL;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;

import glia.kernels.tiled.Scratch;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import jdk.incubator.vector.FloatVector;

/// Elementwise operations. Values that fill no vector pass through a vector of scratch memory, so that each function is
/// written once.
public final class Pointwise extends RangeTask {
    private enum Op { ADD, SCALE, SILU, GELU, GELU_TANH, TANH, RELU, RELU_SQUARED }

    /// Values in a unit of work: whole vectors.
    private static final int UNIT = 1024;

    private final Scratch[] scratch;
    private final Scratch[] blocks;
    private Op op;
    private Tensor y;
    private Tensor a;
    private Tensor b;
    private float factor;

    public Pointwise(Workers workers) {
        super(workers);
        scratch = Scratch.each(workers.count());
        blocks = Scratch.each(workers.count());
    }

    /// Computes `y = a + factor · b`.
    public void add(Tensor y, Tensor a, Tensor b, float factor) {
        assert b.dtype() == DType.F32 && b.size() == a.size();
        this.factor = factor;
        run(Op.ADD, y, a, b, 1);
    }

    /// Computes `y = factor · a`.
    public void scale(Tensor y, Tensor a, float factor) {
        this.factor = factor;
        run(Op.SCALE, y, a, null, 1);
    }

    /// Computes `y = f(a) · b`, or `f(a)` if b is null.
    public void activate(Tensor y, Tensor a, Tensor b, Activation f) {
        assert b == null || b.dtype() == DType.F32 && b.size() == a.size();
        run(switch (f) {
            case SILU -> Op.SILU;
            case GELU -> Op.GELU;
            case GELU_TANH -> Op.GELU_TANH;
            case TANH -> Op.TANH;
            case RELU -> Op.RELU;
            case RELU_SQUARED -> Op.RELU_SQUARED;
        }, y, a, b, 2);
    }

    private void run(Op op, Tensor y, Tensor a, Tensor b, int cost) {
        assert y.dtype() == DType.F32 && a.dtype() == DType.F32 && y.size() == a.size();
        this.op = op;
        this.y = y;
        this.a = a;
        this.b = b;
        distribute(Math.toIntExact(Math.ceilDiv(y.size(), (long) UNIT)), (long) UNIT * cost);
    }

    @Override
    protected void range(int from, int to, int worker) {
        long copy = scratch[worker].reserve(3L * BYTES);
        long block = blocks[worker].reserve(4L * UNIT + BYTES);
        VectorTiles.zero(block + 4L * UNIT, LANES);
        for (int unit = from; unit < to; unit++) {
            long first = (long) unit * UNIT;
            int count = (int) Math.min(UNIT, y.size() - first);
            int tail = count % LANES;
            long p = a.address() + 4 * first;
            long q = b == null ? 0 : b.address() + 4 * first;
            long out = y.address() + 4 * first;
            apply(p, q, out, 4L * (count - tail), block);
            if (tail != 0) {
                long done = 4L * (count - tail);
                move(p + done, tail, copy);
                if (b != null) {
                    move(q + done, tail, copy + BYTES);
                }
                apply(copy, b == null ? 0 : copy + BYTES, copy + 2 * BYTES, BYTES, block);
                move(copy + 2 * BYTES, tail, out + done);
            }
        }
    }

    private static void move(long from, int count, long to) {
        for (int i = 0; i < count; i++) {
            Memory.f32(to + 4L * i, Memory.f32(from + 4L * i));
        }
    }

    /// @param q 0 if there is no second operand
    /// @param sizeBytes whole vectors
    /// @param block memory for as many values; `UNIT` values behind its start there is a vector of zeros
    private void apply(long p, long q, long out, long sizeBytes, long block) {
        switch (op) {
            case ADD -> add(p, q, out, sizeBytes, factor);
            case SCALE -> scale(p, out, sizeBytes, factor);
            case SILU, GELU_TANH -> {
                exponents(p, sizeBytes, op == Op.GELU_TANH, block);
                exponential(block, sizeBytes);
                sigmoid(p, q, out, sizeBytes, block);
            }
            case GELU -> {
                negativeSquares(p, sizeBytes, block);
                exponential(block, sizeBytes);
                gelu(p, q, out, sizeBytes, block);
            }
            case TANH -> {
                HyperbolicTangent.apply(p, sizeBytes, 1, 1, q == 0 ? out : block);
                if (q != 0) {
                    multiply(block, q, out, sizeBytes);
                }
            }
            case RELU, RELU_SQUARED -> relu(p, q, out, sizeBytes, op == Op.RELU_SQUARED);
        }
    }

    private static void exponential(long block, long sizeBytes) {
        Exponential.apply(block, (int) (sizeBytes / BYTES), BYTES, block + 4L * UNIT, block);
    }

    private static void add(long p, long q, long out, long sizeBytes, float factor) {
        for (long i = 0; i < sizeBytes; i += BYTES) {
            FloatVector v = FloatVector.fromMemorySegment(F, ALL, p + i & ADDRESS, ORDER);
            FloatVector w = FloatVector.fromMemorySegment(F, ALL, q + i & ADDRESS, ORDER);
            w.fma(FloatVector.broadcast(F, factor), v).intoMemorySegment(ALL, out + i & ADDRESS, ORDER);
        }
    }

    private static void scale(long p, long out, long sizeBytes, float factor) {
        for (long i = 0; i < sizeBytes; i += BYTES) {
            FloatVector.fromMemorySegment(F, ALL, p + i & ADDRESS, ORDER).mul(factor)
                    .intoMemorySegment(ALL, out + i & ADDRESS, ORDER);
        }
    }

    private static void multiply(long p, long q, long out, long sizeBytes) {
        for (long i = 0; i < sizeBytes; i += BYTES) {
            FloatVector.fromMemorySegment(F, ALL, p + i & ADDRESS, ORDER)
                    .mul(FloatVector.fromMemorySegment(F, ALL, q + i & ADDRESS, ORDER))
                    .intoMemorySegment(ALL, out + i & ADDRESS, ORDER);
        }
    }

    /// -u for `σ(u)`. SiLU has `u = x`; GELU's tanh form has `u = 2·√(2/π)·(x + 0.044715 x³)`, since `(1 + tanh v) / 2
    /// = σ(2v)`.
    private static void exponents(long p, long sizeBytes, boolean cubic, long to) {
        for (long i = 0; i < sizeBytes; i += BYTES) {
            FloatVector x = FloatVector.fromMemorySegment(F, ALL, p + i & ADDRESS, ORDER);
            FloatVector u = cubic ? x.mul(x).mul(0.0713548162f).add(1.5957691216f).mul(x) : x;
            u.neg().intoMemorySegment(ALL, to + i & ADDRESS, ORDER);
        }
    }

    /// `x / (1 + e)` for e from memory, times q's value if there is a q.
    private static void sigmoid(long p, long q, long out, long sizeBytes, long e) {
        for (long i = 0; i < sizeBytes; i += BYTES) {
            FloatVector v = FloatVector.fromMemorySegment(F, ALL, p + i & ADDRESS, ORDER)
                    .div(FloatVector.fromMemorySegment(F, ALL, e + i & ADDRESS, ORDER).add(1f));
            v = q == 0 ? v : v.mul(FloatVector.fromMemorySegment(F, ALL, q + i & ADDRESS, ORDER));
            v.intoMemorySegment(ALL, out + i & ADDRESS, ORDER);
        }
    }

    /// `-x²/2`
    private static void negativeSquares(long p, long sizeBytes, long to) {
        for (long i = 0; i < sizeBytes; i += BYTES) {
            FloatVector x = FloatVector.fromMemorySegment(F, ALL, p + i & ADDRESS, ORDER);
            x.mul(x).mul(-0.5f).intoMemorySegment(ALL, to + i & ADDRESS, ORDER);
        }
    }

    /// `x · Φ(x)`, `Φ(x) = erfc(-x/√2)/2` by formula 7.1.26 of Abramowitz and Stegun, which is exact to 1.5e-7; e is
    /// `exp(-x²/2)`.
    private static void gelu(long p, long q, long out, long sizeBytes, long e) {
        for (long i = 0; i < sizeBytes; i += BYTES) {
            FloatVector x = FloatVector.fromMemorySegment(F, ALL, p + i & ADDRESS, ORDER);
            FloatVector t = FloatVector.broadcast(F, 1f).div(x.abs().mul(0.70710678f * 0.3275911f).add(1f));
            FloatVector poly = t.mul(1.061405429f).add(-1.453152027f);
            poly = poly.fma(t, FloatVector.broadcast(F, 1.421413741f));
            poly = poly.fma(t, FloatVector.broadcast(F, -0.284496736f));
            poly = poly.fma(t, FloatVector.broadcast(F, 0.254829592f)).mul(t).mul(0.5f);
            FloatVector beyond = poly.mul(FloatVector.fromMemorySegment(F, ALL, e + i & ADDRESS, ORDER));
            FloatVector v = x.mul(beyond.blend(beyond.neg().add(1f), x.compare(GT, 0f)));
            v = q == 0 ? v : v.mul(FloatVector.fromMemorySegment(F, ALL, q + i & ADDRESS, ORDER));
            v.intoMemorySegment(ALL, out + i & ADDRESS, ORDER);
        }
    }

    private static void relu(long p, long q, long out, long sizeBytes, boolean squared) {
        for (long i = 0; i < sizeBytes; i += BYTES) {
            FloatVector x = FloatVector.fromMemorySegment(F, ALL, p + i & ADDRESS, ORDER);
            FloatVector v = x.blend(0f, x.compare(LT, 0f));
            v = squared ? v.mul(v) : v;
            v = q == 0 ? v : v.mul(FloatVector.fromMemorySegment(F, ALL, q + i & ADDRESS, ORDER));
            v.intoMemorySegment(ALL, out + i & ADDRESS, ORDER);
        }
    }
}
