package glia.tensor.kernel.emitted;

import static glia.tensor.asm.Gpr.R10;
import static glia.tensor.asm.Gpr.R11;
import static glia.tensor.asm.Gpr.R8;
import static glia.tensor.asm.Gpr.R9;
import static glia.tensor.asm.Gpr.RAX;
import static glia.tensor.asm.Gpr.RCX;
import static glia.tensor.asm.Gpr.RDI;
import static glia.tensor.asm.Gpr.RDX;
import static glia.tensor.asm.Gpr.RSI;
import static glia.tensor.asm.Mem.at;
import static glia.tensor.asm.Op.VADDPS;
import static glia.tensor.asm.Op.VANDPS;
import static glia.tensor.asm.Op.VCMPPS;
import static glia.tensor.asm.Op.VDIVPS;
import static glia.tensor.asm.Op.VFMADD132PS;
import static glia.tensor.asm.Op.VFMADD213PS;
import static glia.tensor.asm.Op.VMAXPS;
import static glia.tensor.asm.Op.VMOVUPS;
import static glia.tensor.asm.Op.VMULPS;
import static glia.tensor.asm.Op.VPBROADCASTD_GPR;
import static glia.tensor.asm.Op.VSUBPS;
import static glia.tensor.asm.Op.VXORPS;
import static glia.tensor.asm.Op.VZEROUPPER;
import static glia.tensor.asm.Vec.zmm;

import glia.tensor.asm.Assembler;
import glia.tensor.asm.Condition;
import glia.tensor.asm.Label;
import glia.tensor.asm.Mask;
import glia.tensor.asm.Vec;
import glia.tensor.kernel.Activation;
import java.lang.foreign.Arena;
import java.util.List;

/// What is computed number by number. Sums, products and RELU have the bits of the scalar set. SILU and GELU_TANH are
/// `x / (1 + e^-u)`, within 6e-7 of the larger of their value and `min(|x|, 0.1)`. GELU is `x · Φ(x)` within
/// `3e-7 · |x|`, with `Φ(x) = erfc(-x/√2) / 2` by formula 7.1.26 of Abramowitz and Stegun, which is exact to 1.5e-7.
final class PointwiseCode {
    private static final int ORDERED_GREATER = 30;
    private static final Vec X = zmm(0);
    private static final Vec U = zmm(1);
    private static final Vec T = zmm(2);
    private static final Vec SPARE = zmm(3);
    private static final Vec PHI = zmm(4);
    /// These two hold the same through the loop: 0 or 1, and the factor or a constant.
    private static final Vec UNIT = zmm(16);
    private static final Vec FACTOR = zmm(17);

    private static final Arena ARENA = Arena.ofAuto();
    private static final Constants CONSTANTS = new Constants(ARENA, R11);
    private static final CodePages PAGES = CodePages.seal(ARENA, List.of(add(), scale(), addRow()));
    private static final Function ADD = PAGES.function(0);
    private static final Function SCALE = PAGES.function(1);
    private static final Function ADD_ROW = PAGES.function(2);
    /// By function, then by whether it is multiplied; made when first asked for, since most models have one.
    private static final Function[] ACTIVATIONS = new Function[2 * Activation.values().length];

    private PointwiseCode() { }

    /// `y = a + factor · b` for `count` numbers.
    static void add(long y, long a, long b, long count, float factor) {
        ADD.call(y, a, b, count, Float.floatToRawIntBits(factor), 0);
    }

    /// `y = factor · x`
    static void scale(long y, long x, long count, float factor) {
        SCALE.call(y, x, 0, count, Float.floatToRawIntBits(factor), 0);
    }

    /// `y = x + b` for `rows` rows, at least 1, of `cols` numbers; b is one row.
    static void addRow(long y, long x, long b, long rows, long cols) {
        ADD_ROW.call(y, x, b, 0, rows, cols);
    }

    /// The code of `y = f(a)`, or `y = f(a) · b` where it is gated, for `apply`.
    static synchronized Function activation(Activation f, boolean gated) {
        int index = 2 * f.ordinal() + (gated ? 1 : 0);
        if (ACTIVATIONS[index] == null) {
            ACTIVATIONS[index] = CodePages.seal(ARENA, List.of(activate(f, gated))).function(0);
        }
        return ACTIVATIONS[index];
    }

    /// @param b of no meaning where the code is not gated
    static void apply(Function activation, long y, long a, long b, long count) {
        activation.call(y, a, b, count, 0, 0);
    }

    private static byte[] end(Assembler a) {
        a.op(VZEROUPPER);
        a.ret();
        return a.toBytes();
    }

    private static byte[] add() {
        var assembler = new Assembler();
        assembler.op(VPBROADCASTD_GPR, FACTOR, R8);
        new Strip(16, 4) {
            @Override
            void vector(Assembler a, int at, int turn, Mask mask) {
                a.op(VMOVUPS, Strip.to(U, mask), at(RDX, RAX, 1, at));
                a.op(VMULPS, U, U, FACTOR);
                a.op(VMOVUPS, Strip.to(X, mask), at(RSI, RAX, 1, at));
                a.op(VADDPS, X, X, U);
                a.op(VMOVUPS, Strip.to(at(RDI, RAX, 1, at), mask), X);
            }
        }.emit(assembler, R10);
        return end(assembler);
    }

    private static byte[] scale() {
        var assembler = new Assembler();
        assembler.op(VPBROADCASTD_GPR, FACTOR, R8);
        new Strip(16, 4) {
            @Override
            void vector(Assembler a, int at, int turn, Mask mask) {
                a.op(VMOVUPS, Strip.to(X, mask), at(RSI, RAX, 1, at));
                a.op(VMULPS, X, X, FACTOR);
                a.op(VMOVUPS, Strip.to(at(RDI, RAX, 1, at), mask), X);
            }
        }.emit(assembler, R10);
        return end(assembler);
    }

    private static byte[] addRow() {
        var assembler = new Assembler();
        Label row = assembler.here();
        assembler.mov(RCX, R9);
        new Strip(16, 4) {
            @Override
            void vector(Assembler a, int at, int turn, Mask mask) {
                a.op(VMOVUPS, Strip.to(X, mask), at(RSI, RAX, 1, at));
                a.op(VMOVUPS, Strip.to(U, mask), at(RDX, RAX, 1, at));
                a.op(VADDPS, X, X, U);
                a.op(VMOVUPS, Strip.to(at(RDI, RAX, 1, at), mask), X);
            }
        }.emit(assembler, R10);
        assembler.lea(RSI, at(RSI, R9, 4, 0));
        assembler.lea(RDI, at(RDI, R9, 4, 0));
        assembler.dec(R8);
        assembler.jump(Condition.NOT_EQUAL, row);
        return end(assembler);
    }

    private static byte[] activate(Activation f, boolean gated) {
        var assembler = new Assembler();
        CONSTANTS.load(assembler);
        CONSTANTS.fill(assembler, UNIT, f == Activation.RELU || f == Activation.RELU_SQUARED ? 0 : 1);
        if (f == Activation.GELU_TANH) {
            CONSTANTS.fill(assembler, FACTOR, -1.5957691216f);
        }
        new Strip(16, 2) {
            @Override
            void vector(Assembler a, int at, int turn, Mask mask) {
                a.op(VMOVUPS, Strip.to(X, mask), at(RSI, RAX, 1, at));
                function(a, f);
                if (gated) {
                    a.op(VMOVUPS, Strip.to(U, mask), at(RDX, RAX, 1, at));
                    a.op(VMULPS, X, X, U);
                }
                a.op(VMOVUPS, Strip.to(at(RDI, RAX, 1, at), mask), X);
            }
        }.emit(assembler, R10);
        return end(assembler);
    }

    /// `X = f(X)`
    private static void function(Assembler a, Activation f) {
        switch (f) {
            case SILU -> {
                a.op(VXORPS, U, X, CONSTANTS.of(1 << 31));
                divideBySigmoid(a);
            }
            case GELU_TANH -> {
                // (1 + tanh v) / 2 = 1 / (1 + e^-2v)
                a.op(VMULPS, U, X, X);
                a.op(VFMADD132PS, U, FACTOR, CONSTANTS.of(-0.0713548162f));
                a.op(VMULPS, U, U, X);
                divideBySigmoid(a);
            }
            case GELU -> gelu(a);
            case TANH -> TanhCode.emit(a, CONSTANTS, X, U, T, SPARE);
            case RELU -> relu(a);
            case RELU_SQUARED -> {
                relu(a);
                a.op(VMULPS, X, X, X);
            }
        }
    }

    /// `X = X / (1 + e^U)`
    private static void divideBySigmoid(Assembler a) {
        ExpCode.emit(a, CONSTANTS, U, T, SPARE);
        a.op(VADDPS, U, U, UNIT);
        a.op(VDIVPS, X, X, U);
    }

    /// The larger of 0 and x, which is 0 also for -0. NaN, as the last operand, stays.
    private static void relu(Assembler a) {
        a.op(VMAXPS, X, UNIT, X);
        a.op(VADDPS, X, X, UNIT);
    }

    private static void gelu(Assembler a) {
        a.op(VMULPS, U, X, X);
        a.op(VMULPS, U, U, CONSTANTS.of(-0.5f));
        ExpCode.emitBounded(a, CONSTANTS, U, T, SPARE);
        a.op(VANDPS, T, X, CONSTANTS.of(Integer.MAX_VALUE));
        a.op(VFMADD132PS, T, UNIT, CONSTANTS.of(0.70710678f * 0.3275911f));
        a.op(VDIVPS, T, UNIT, T);
        CONSTANTS.fill(a, PHI, 0.5f * 1.061405429f);
        float[] coefficients = {-1.453152027f, 1.421413741f, -0.284496736f, 0.254829592f};
        for (float c : coefficients) {
            a.op(VFMADD213PS, PHI, T, CONSTANTS.of(0.5f * c));
        }
        a.op(VMULPS, PHI, PHI, T);
        a.op(VMULPS, PHI, PHI, U);
        a.op(VCMPPS, Mask.K2, X, zero(a), ORDERED_GREATER);
        a.op(VSUBPS, PHI.under(Mask.K2), UNIT, PHI);
        a.op(VMULPS, X, X, PHI);
    }

    private static Vec zero(Assembler a) {
        a.op(VXORPS, SPARE, SPARE, SPARE);
        return SPARE;
    }
}
