package glia.kernels.code;

import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.*;

/// Emits the normal distribution `Φ(x)` for each lane of a vector, for GELU and its derivative: formula 7.1.26 of
/// Abramowitz and Stegun.
public final class NormalCode {
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
