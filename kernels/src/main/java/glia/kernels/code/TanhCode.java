package glia.kernels.code;

import static glia.kernels.asm.Op.*;

import glia.kernels.asm.Operand.Vec;

/// Emits `tanh x` for each lane of a vector, by 13 levels of Lambert's continued fraction `x / (1 + x²/(3 + x²/(5 +
/// …)))`, expanded to a quotient of polynomials in x². All coefficients are positive, so there is no cancellation. The
/// quotient is exact to 4e-8 up to 9, beyond which F32's tanh is 1. NaN stays NaN.
public final class TanhCode {
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
