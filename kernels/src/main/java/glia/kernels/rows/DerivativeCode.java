package glia.kernels.rows;

import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;

import glia.kernels.code.CodePages.CodeOnDemand;
import glia.kernels.code.Constants;
import glia.kernels.code.Emitter;
import glia.kernels.code.MathCode.ExpCode;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.MaskedLoop;
import glia.kernels.code.MathCode.NormalCode;
import glia.kernels.code.IsaLevel.PerIsaLevel;
import glia.kernels.code.MathCode.TanhCode;
import glia.tensor.kernel.Activation;
import java.lang.foreign.Arena;

/// Emits gradients of activations from their values and derivatives, with the formulas of `PointwiseCode`.
final class DerivativeCode {
    private static final int ORDERED_GREATER = 30;
    /// From here on the derivative of GELU's tanh form is constant in F32.
    private static final float STRAIGHT = 16;

    static final PerIsaLevel<DerivativeCode> CODES = new PerIsaLevel<>(DerivativeCode::new);

    private final IsaLevel level;
    private final Arena arena = Arena.ofAuto();
    private final Constants constants;
    /// By function and whether it is gated; emitted at first use, since most models have one.
    private final CodeOnDemand functions = new CodeOnDemand(arena, 2 * Activation.values().length,
            f -> emit(Activation.values()[f / 2], f % 2 == 1));
    private final Vec x;
    private final Vec u;
    private final Vec t;
    private final Vec spare;
    private final Vec phi;
    private final Vec value;
    private final Vec derivative;
    private final Vec dy;
    /// 1 throughout the loop.
    private final Vec unit;

    private DerivativeCode(IsaLevel level) {
        this.level = level;
        x = level.v(0);
        u = level.v(1);
        t = level.v(2);
        spare = level.v(3);
        phi = level.v(4);
        value = level.v(5);
        derivative = level.v(6);
        dy = level.v(7);
        unit = level.v(8);
        constants = new Constants(arena, R11, level);
    }

    /// Computes `dx += dy · f'(x)`.
    void activation(Activation f, long dx, long dy, long from, int count) {
        functions.of(2 * f.ordinal()).call(dx, 0, dy, count, from, 0);
    }

    /// Computes `dgate += dy · up · f'(gate)`, `dup += dy · f(gate)`.
    void gated(Activation f, long dgate, long dup, long dy, long gate, long up, int count) {
        functions.of(2 * f.ordinal() + 1).call(dgate, dup, dy, count, gate, up);
    }

    private byte[] emit(Activation f, boolean gated) {
        var emitter = new Emitter(level);
        constants.load(emitter);
        constants.fill(emitter, unit, 1);
        MaskedLoop.emit(emitter, level.lanes, 1, R10, (a, at, copy, mask) -> {
            a.load(x, at(R8, RAX, 1, at), mask);
            function(a, f);
            a.load(dy, at(RDX, RAX, 1, at), mask);
            if (gated) {
                a.load(t, at(R9, RAX, 1, at), mask);
                a.op(VMULPS, derivative, derivative, t);
                a.load(t, at(RSI, RAX, 1, at), mask);
                a.op(VFMADD231PS, t, value, dy);
                a.store(at(RSI, RAX, 1, at), t, mask);
            }
            a.load(t, at(RDI, RAX, 1, at), mask);
            a.op(VFMADD231PS, t, derivative, dy);
            a.store(at(RDI, RAX, 1, at), t, mask);
        });
        return emitter.end();
    }

    /// `value = f(x)`, `derivative = f'(x)`.
    private void function(Emitter a, Activation f) {
        switch (f) {
            case SILU -> {
                a.op(VXORPS, u, x, constants.of(1 << 31));
                sigmoid(a);
                a.op(VMULPS, value, x, u);
                // σ + value · (1 - σ)
                a.op(VSUBPS, t, unit, u);
                a.op(VMOVUPS, derivative, value);
                a.op(VFMADD213PS, derivative, t, u);
            }
            case GELU_TANH -> tanhForm(a);
            case GELU -> gelu(a);
            case TANH -> {
                a.op(VMOVUPS, value, x);
                TanhCode.emit(a, constants, value, u, t, spare);
                a.op(VMOVUPS, derivative, unit);
                a.op(VFNMADD231PS, derivative, value, value);
            }
            case RELU -> {
                relu(a);
                a.compare(Mask.K2, x, t, ORDERED_GREATER);
                a.op(VMOVUPS, derivative, t);
                a.blend(derivative, Mask.K2, unit);
            }
            case RELU_SQUARED -> {
                relu(a);
                a.op(VADDPS, derivative, value, value);
                a.op(VMULPS, value, value, value);
            }
        }
    }

    /// `u = 1 / (1 + e^u)`
    private void sigmoid(Emitter a) {
        ExpCode.emit(a, constants, u, t, spare);
        a.op(VADDPS, u, u, unit);
        a.op(VDIVPS, u, unit, u);
    }

    /// `value` is the larger of 0 (in t) and x; NaN, as the last operand, stays.
    private void relu(Emitter a) {
        a.zero(t);
        a.op(VMAXPS, value, t, x);
    }

    /// `x · σ(v)`, `σ + x · σ · (1 - σ) · v'` with `v = 2·√(2/π)·(x + 0.044715 x³)`.
    private void tanhForm(Emitter a) {
        constants.fill(a, t, STRAIGHT);
        a.op(VMINPS, phi, t, x);
        constants.fill(a, t, -STRAIGHT);
        a.op(VMAXPS, phi, t, phi);
        a.op(VMULPS, u, phi, phi);
        constants.fill(a, t, 1.5957691216f);
        a.op(VMOVUPS, derivative, u);
        a.op(VFMADD132PS, derivative, t, constants.of(3 * 0.0713548162f));
        constants.fill(a, t, -1.5957691216f);
        a.op(VFMADD132PS, u, t, constants.of(-0.0713548162f));
        a.op(VMULPS, u, u, phi);
        sigmoid(a);
        a.op(VMULPS, value, x, u);
        a.op(VSUBPS, t, unit, u);
        a.op(VMULPS, t, t, u);
        a.op(VMULPS, t, t, phi);
        a.op(VFMADD213PS, derivative, t, u);
    }

    /// `x · Φ(x)`, `Φ(x) + x · φ(x)`
    private void gelu(Emitter a) {
        NormalCode.emit(a, constants, x, unit, phi, u, t, spare);
        a.op(VMULPS, value, x, phi);
        a.op(VMULPS, derivative, x, u);
        a.op(VFMADD132PS, derivative, phi, constants.of(0.39894228f));
    }
}
