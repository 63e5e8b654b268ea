package glia.kernels.code;

import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.*;

import glia.kernels.asm.Operand.Vec;

/// Emits functions of each lane of a vector.
public final class MathCode {
    private MathCode() { }

    /// Emits `e^x` for each lane of a vector: `2^n · e^r` with the integer n nearest to `x / ln 2`, so that `|r| ≤ ln 2
    /// / 2`, and `e^r` by a polynomial of degree 6. `x - n · ln 2` is exact to 2^-33, since ln 2 is split into two
    /// parts, and the polynomial to a relative 3.1e-9, so that the rounding of the last two additions dominates.
    ///
    /// The error is below 0.92 units in the last place (relative 1.1e-7; verified for all floats), including subnormal
    /// results. It is exact for 0, -∞ (0) and +∞, and infinite or 0 where the true value exceeds F32's range; NaN stays
    /// NaN.
    public static final class ExpCode {
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

    /// Emits the normal distribution `Φ(x)` for each lane of a vector, for GELU and its derivative: formula 7.1.26 of
    /// Abramowitz and Stegun.
    public static final class NormalCode {
        /// The comparison predicate "greater", false for NaN.
        private static final int ORDERED_GREATER = 30;
        private static final float[] COEFFICIENTS = {-1.453152027f, 1.421413741f, -0.284496736f, 0.254829592f};

        private NormalCode() { }

        /// `phi = Φ(x)`, `u = e^(-x²/2)`.
        ///
        /// @param unit 1 in each lane
        /// @param t a register to be overwritten
        /// @param spare another register to be overwritten; the mask K2 is overwritten too
        public static void emit(Emitter a, Constants constants, Vec x, Vec unit, Vec phi, Vec u, Vec t, Vec spare) {
            a.op(VMULPS, u, x, x);
            a.op(VMULPS, u, u, constants.of(-0.5f));
            ExpCode.emitBounded(a, constants, u, t, spare);
            a.op(VANDPS, t, x, constants.of(Integer.MAX_VALUE));
            a.op(VFMADD132PS, t, unit, constants.of(0.70710678f * 0.3275911f));
            a.op(VDIVPS, t, unit, t);
            constants.fill(a, phi, 0.5f * 1.061405429f);
            for (float c : COEFFICIENTS) {
                a.op(VFMADD213PS, phi, t, constants.of(0.5f * c));
            }
            a.op(VMULPS, phi, phi, t);
            a.op(VMULPS, phi, phi, u);
            a.zero(spare);
            a.compare(Mask.K2, x, spare, ORDERED_GREATER);
            a.op(VSUBPS, spare, unit, phi);
            a.blend(phi, Mask.K2, spare);
        }
    }

    /// Emits `tanh x` for each lane of a vector, by 13 levels of Lambert's continued fraction `x / (1 + x²/(3 + x²/(5 +
    /// …)))`, expanded to a quotient of polynomials in x². All coefficients are positive, so there is no cancellation.
    /// The quotient is exact to 4e-8 up to 9, beyond which F32's tanh is 1. NaN stays NaN.
    public static final class TanhCode {
        private static final float LIMIT = 9;
        private static final float[] NUMERATOR = {1.264885555749117e-13f, 5.179706350792634e-10f,
            3.2286836253274086e-07f, 6.625258799171843e-05f, 0.0052173913043478265f, 0.14666666666666667f, 1f};
        private static final float[] DENOMINATOR = {1.1510458557316966e-11f, 1.5193805295658393e-08f,
            5.230467473030402e-06f, 0.0006625258799171842f, 0.03188405797101449f, 0.48f, 1f};

        private TanhCode() { }

        /// `x = tanh x`.
        ///
        /// @param square a register to be overwritten
        /// @param p another
        /// @param q another
        public static void emit(Emitter a, Constants constants, Vec x, Vec square, Vec p, Vec q) {
            // The value comes last, since these instructions return their last operand if one is NaN.
            constants.fill(a, p, LIMIT);
            a.op(VMINPS, x, p, x);
            constants.fill(a, p, -LIMIT);
            a.op(VMAXPS, x, p, x);
            a.op(VMULPS, square, x, x);
            polynomial(a, constants, p, square, NUMERATOR);
            polynomial(a, constants, q, square, DENOMINATOR);
            a.op(VMULPS, x, x, p);
            a.op(VDIVPS, x, x, q);
        }

        private static void polynomial(Emitter a, Constants constants, Vec sum, Vec square, float[] coefficients) {
            constants.fill(a, sum, coefficients[0]);
            for (int i = 1; i < coefficients.length; i++) {
                a.op(VFMADD213PS, sum, square, constants.of(coefficients[i]));
            }
        }
    }
}
