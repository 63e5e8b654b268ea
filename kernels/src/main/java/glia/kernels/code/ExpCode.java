package glia.kernels.code;

import static glia.kernels.asm.Op.*;

import glia.kernels.asm.Operand.Vec;

/// Emits `e^x` for each lane of a vector: `2^n · e^r` with the integer n nearest to `x / ln 2`, so that `|r| ≤ ln 2 /
/// 2`, and `e^r` by a polynomial of degree 6. `x - n · ln 2` is exact to 2^-33, since ln 2 is split into two parts, and
/// the polynomial to a relative 3.1e-9, so that the rounding of the last two additions dominates.
///
/// The error is below 0.92 units in the last place (relative 1.1e-7; verified for all floats), including subnormal
/// results. It is exact for 0, -∞ (0) and +∞, and infinite or 0 where the true value exceeds F32's range; NaN stays
/// NaN.
public final class ExpCode {
    private static final float LOG2_E = 1.44269504f;
    private static final float LN2_HIGH = 0x1.62e430p-1f;
    private static final float LN2_LOW = -1.9046543e-9f;
    /// Beyond this the result is 0 or infinite in any case, while `n · ln 2` stays finite.
    private static final float LIMIT = 150;
    /// Coefficients of r⁶ down to r², by the Remez algorithm for the least relative error; those of r and 1 are 1.
    private static final float[] COEFFICIENTS = {
        1.38146105580e-3f, 8.36871112901e-3f, 4.166838748775e-2f, 1.6666520679084e-1f, 4.9999993450985e-1f};

    private ExpCode() { }

    /// `x = e^x`.
    ///
    /// @param n a register to be overwritten
    /// @param p another register to be overwritten
    public static void emit(Emitter a, Constants constants, Vec x, Vec n, Vec p) {
        // The value comes last, since these instructions return their last operand if one is NaN.
        constants.fill(a, n, LIMIT);
        a.op(VMINPS, x, n, x);
        emitBounded(a, constants, x, n, p);
    }

    /// `x = e^x` for values known to be below `LIMIT` (or NaN), such as those of a softmax.
    public static void emitBounded(Emitter a, Constants constants, Vec x, Vec n, Vec p) {
        constants.fill(a, n, -LIMIT);
        a.op(VMAXPS, x, n, x);
        a.op(VMULPS, n, x, constants.of(LOG2_E));
        a.round(n, n);
        a.op(VFNMADD231PS, x, n, constants.of(LN2_HIGH));
        a.op(VFNMADD231PS, x, n, constants.of(LN2_LOW));
        constants.fill(a, p, COEFFICIENTS[0]);
        for (int i = 1; i < COEFFICIENTS.length; i++) {
            a.op(VFMADD213PS, p, x, constants.of(COEFFICIENTS[i]));
        }
        a.op(VFMADD213PS, p, x, constants.of(1f));
        a.op(VFMADD213PS, p, x, constants.of(1f));
        if (a.isWide()) {
            a.op(VSCALEFPS, x, p, n);
        } else {
            scale(a, constants, x, n, p);
        }
    }

    /// `x = p · 2^n`, by two normal factors: the first product is exact, the second rounds.
    private static void scale(Emitter a, Constants constants, Vec x, Vec n, Vec p) {
        a.op(VCVTPS2DQ, n, n);
        a.op(VPSRAD, x, n, 1);
        a.op(VPSUBD, n, n, x);
        for (Vec half : new Vec[] {x, n}) {
            a.op(VPADDD, half, half, constants.of(127));
            a.op(VPSLLD, half, half, 23);
            a.op(VMULPS, p, p, half);
        }
        a.op(VMOVUPS, x, p);
    }
}
