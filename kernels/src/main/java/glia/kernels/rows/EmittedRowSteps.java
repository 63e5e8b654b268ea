package glia.kernels.rows;

import glia.kernels.code.IsaLevel;
import glia.kernels.gradient.NormFactors;
import glia.kernels.gradient.RowSteps;
import glia.tensor.Memory;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.AdamStep;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// The inner loops of row-wise gradients in machine code.
public final class EmittedRowSteps implements RowSteps {
    private final IsaLevel level;
    /// A sum, with padding; then the factors of a step of Adam.
    private final MemorySegment sum = Arena.ofAuto().allocate(16 + AdamCode.FACTOR_BYTES, 64);

    public EmittedRowSteps(IsaLevel level) {
        this.level = level;
    }

    @Override
    public double sum(long x, int count) {
        GradientCode.of(level).total(x, count, sum.address());
        return sum.get(Memory.F64, 0);
    }

    @Override
    public void normSums(long x, long dy, long w, int count, long factors) {
        GradientCode.of(level).normSums(x, dy, w, count, factors);
    }

    @Override
    public void normGradient(long dx, long dw, long dy, long x, long w, int count, long factors) {
        Memory.i64(factors + NormFactors.WEIGHT_GRADIENT, dw);
        GradientCode.of(level).normGradient(dx, dy, x, w, count, factors);
    }

    @Override
    public void add(long y, long x, int count) {
        PointwiseCode.of(level).add(y, y, x, count, 1);
    }

    @Override
    public void activation(Activation f, long dx, long dy, long x, int count) {
        DerivativeCode.of(level).activation(f, dx, dy, x, count);
    }

    @Override
    public void gated(Activation f, long dgate, long dup, long dy, long gate, long up, int count) {
        DerivativeCode.of(level).gated(f, dgate, dup, dy, gate, up, count);
    }

    @Override
    public float largest(long x, int count) {
        return LogitCode.of(level).largest(x, count);
    }

    @Override
    public double exponentials(long x, int count, float shift) {
        return LogitCode.of(level).sumOfExponentials(x, count, shift);
    }

    @Override
    public double products(long x, int count, float shift) {
        GradientCode.of(level).products(x, count, shift, sum.address());
        return sum.get(Memory.F64, 0);
    }

    @Override
    public void softmaxGradients(long y, long x, int count, float shift, float a, float b, boolean add) {
        GradientCode.of(level).softmaxGradients(y, x, count, shift, a, b, add);
    }

    @Override
    public double sumOfSquares(long x, int count) {
        AdamCode.of(level).sumOfSquares(x, count, sum.address());
        return sum.get(Memory.F64, 0);
    }

    @Override
    public void roundToBf16(long x, int count) {
        RoundCode.of(level).round(x, count);
    }

    @Override
    public void adam(long w, long m, long v, long g, int count, AdamStep step) {
        AdamCode.of(level).step(w, m, v, g, count, sum.address() + 16, step);
    }
}
