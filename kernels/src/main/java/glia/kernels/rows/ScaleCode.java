package glia.kernels.rows;

import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.Vec.xmm;

import glia.kernels.asm.Operand.Vec;
import glia.kernels.code.Constants;
import glia.kernels.code.Emitter;
import glia.tensor.Precision;

/// Emits `Precision.scale`.
public final class ScaleCode {
    private static final int NAN = Float.floatToRawIntBits(Float.NaN);
    private static final int MIN_NORMAL = Float.floatToRawIntBits(Float.MIN_NORMAL);
    private static final float MAX = Math.nextDown(Precision.SCALE_LIMIT);

    private ScaleCode() { }

    /// Computes `scale = Precision.scale` and `inverse = 1 / scale` in the four lowest lanes. As integers, values that
    /// are not negative have the order of the floats, with NaN above all.
    ///
    /// @param scale `largest / steps`; both registers are below 16
    public static void emit(Emitter a, Constants constants, int scale, int inverse) {
        Vec s = xmm(scale);
        Vec other = xmm(inverse);
        a.op(VPMINSD, s, s, constants.of(NAN));
        a.op(VPADDD, s, s, constants.of(Precision.SCALE_REST));
        a.and(s, s, constants.of(~Precision.SCALE_REST));
        a.op(VPMAXSD, s, s, constants.of(MIN_NORMAL));
        constants.fill(a, other, MAX);
        a.op(VPCMPGTD, other, s, other);
        a.and(other, other, constants.of(NAN));
        a.op(VPMAXSD, s, s, other);
        constants.fill(a, other, 1);
        a.op(VDIVPS, other, other, s);
    }
}
