package glia.tensor.kernel.vector;

import static glia.tensor.kernel.vector.Simd.BYTES;
import static glia.tensor.kernel.vector.Simd.LANES;
import static glia.tensor.kernel.vector.Simd.load;
import static glia.tensor.kernel.vector.Simd.store;
import static glia.tensor.kernel.vector.Simd.zero;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// What is computed number by number. Numbers that fill no vector pass through a vector of scratch memory, so that each
/// function is written once.
final class Pointwise extends RangeTask {
    private enum Op { ADD, SCALE, SILU, GELU, GELU_TANH, RELU, RELU_SQUARED }

    /// Numbers in a unit of work: whole vectors.
    private static final int UNIT = 1024;

    private final Scratch[] scratch;
    private Op op;
    private Tensor y;
    private Tensor a;
    private Tensor b;
    private float factor;

    Pointwise(Workers workers) {
        super(workers);
        scratch = Scratch.each(workers.count());
    }

    /// `y = a + factor · b`
    void add(Tensor y, Tensor a, Tensor b, float factor) {
        assert b.dtype() == DType.F32 && b.size() == a.size();
        this.factor = factor;
        run(Op.ADD, y, a, b, 1);
    }

    /// `y = factor · a`
    void scale(Tensor y, Tensor a, float factor) {
        this.factor = factor;
        run(Op.SCALE, y, a, null, 1);
    }

    /// `y = f(a) · b`, without the factor where b is null.
    void activate(Tensor y, Tensor a, Tensor b, Activation f) {
        assert b == null || b.dtype() == DType.F32 && b.size() == a.size();
        run(switch (f) {
            case SILU -> Op.SILU;
            case GELU -> Op.GELU;
            case GELU_TANH -> Op.GELU_TANH;
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
        spread(Math.toIntExact(Math.ceilDiv(y.size(), (long) UNIT)), (long) UNIT * cost);
    }

    @Override
    protected void range(int from, int to, int worker) {
        long first = (long) from * UNIT;
        long end = Math.min(y.size(), (long) to * UNIT);
        int tail = (int) (end % LANES);
        long p = a.address() + 4 * first;
        long q = b == null ? 0 : b.address() + 4 * first;
        long out = y.address() + 4 * first;
        long wholeBytes = 4 * (end - first - tail);
        apply(p, q, out, wholeBytes);
        if (tail != 0) {
            long copy = scratch[worker].reserve(3L * BYTES);
            for (int i = 0; i < tail; i++) {
                Memory.f32(copy + 4 * i, Memory.f32(p + wholeBytes + 4 * i));
                Memory.f32(copy + BYTES + 4 * i, b == null ? 1 : Memory.f32(q + wholeBytes + 4 * i));
            }
            apply(copy, b == null ? 0 : copy + BYTES, copy + 2 * BYTES, BYTES);
            for (int i = 0; i < tail; i++) {
                Memory.f32(out + wholeBytes + 4 * i, Memory.f32(copy + 2 * BYTES + 4 * i));
            }
        }
    }

    /// @param q 0 where there is no second operand
    private void apply(long p, long q, long out, long sizeBytes) {
        switch (op) {
            case ADD -> add(p, q, out, sizeBytes, factor);
            case SCALE -> scale(p, out, sizeBytes, factor);
            case SILU -> sigmoid(p, q, out, sizeBytes, false);
            case GELU -> gelu(p, q, out, sizeBytes);
            case GELU_TANH -> sigmoid(p, q, out, sizeBytes, true);
            case RELU, RELU_SQUARED -> relu(p, q, out, sizeBytes, op == Op.RELU_SQUARED);
        }
    }

    private static void add(long p, long q, long out, long sizeBytes, float factor) {
        FloatVector f = FloatVector.broadcast(Simd.F, factor);
        for (long i = 0; i < sizeBytes; i += BYTES) {
            store(out + i, load(q + i).fma(f, load(p + i)));
        }
    }

    private static void scale(long p, long out, long sizeBytes, float factor) {
        for (long i = 0; i < sizeBytes; i += BYTES) {
            store(out + i, load(p + i).mul(factor));
        }
    }

    /// `x · σ(u)`, times q's number where there is a q. SiLU has `u = x`; GELU's tanh form has
    /// `u = 2·√(2/π)·(x + 0.044715 x³)`, since `(1 + tanh v) / 2 = σ(2v)`.
    private static void sigmoid(long p, long q, long out, long sizeBytes, boolean cubic) {
        for (long i = 0; i < sizeBytes; i += BYTES) {
            FloatVector x = load(p + i);
            FloatVector u = cubic ? x.mul(x).mul(0.0713548162f).add(1.5957691216f).mul(x) : x;
            FloatVector v = x.div(Simd.exp(u.neg()).add(1f));
            store(out + i, q == 0 ? v : v.mul(load(q + i)));
        }
    }

    /// `x · Φ(x)`, `Φ(x) = erfc(-x/√2)/2` by formula 7.1.26 of Abramowitz and Stegun, which is exact to 1.5e-7.
    private static void gelu(long p, long q, long out, long sizeBytes) {
        for (long i = 0; i < sizeBytes; i += BYTES) {
            FloatVector x = load(p + i);
            FloatVector z = x.abs().mul(0.70710678f);
            FloatVector t = FloatVector.broadcast(Simd.F, 1f).div(z.mul(0.3275911f).add(1f));
            FloatVector poly = t.mul(1.061405429f).add(-1.453152027f);
            poly = poly.fma(t, FloatVector.broadcast(Simd.F, 1.421413741f));
            poly = poly.fma(t, FloatVector.broadcast(Simd.F, -0.284496736f));
            poly = poly.fma(t, FloatVector.broadcast(Simd.F, 0.254829592f)).mul(t);
            FloatVector half = poly.mul(Simd.exp(z.mul(z).neg())).mul(0.5f);
            // Above 13, x² overflows nothing yet and the half is 0: x · 1, even for infinity.
            FloatVector phi = half.blend(half.neg().add(1f), x.compare(VectorOperators.GT, 0f));
            FloatVector v = x.mul(phi);
            store(out + i, q == 0 ? v : v.mul(load(q + i)));
        }
    }

    private static void relu(long p, long q, long out, long sizeBytes, boolean squared) {
        for (long i = 0; i < sizeBytes; i += BYTES) {
            FloatVector x = load(p + i);
            FloatVector v = x.blend(zero(), x.compare(VectorOperators.LT, 0f));
            v = squared ? v.mul(v) : v;
            store(out + i, q == 0 ? v : v.mul(load(q + i)));
        }
    }
}
