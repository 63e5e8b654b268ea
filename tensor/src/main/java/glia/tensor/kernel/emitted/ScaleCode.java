package glia.tensor.kernel.emitted;

import static glia.tensor.asm.Op.VADDPS;
import static glia.tensor.asm.Op.VBROADCASTSS;
import static glia.tensor.asm.Op.VDIVPS;
import static glia.tensor.asm.Op.VMULPS;
import static glia.tensor.asm.Op.VPADDD;
import static glia.tensor.asm.Op.VPMAXSD;
import static glia.tensor.asm.Op.VPMINSD;
import static glia.tensor.asm.Op.VSUBPS;

import glia.tensor.Precision;
import glia.tensor.asm.Vec;

/// Emits `Precision.scale`.
final class ScaleCode {
    private static final int NAN = Float.floatToRawIntBits(Float.NaN);
    private static final int MIN_NORMAL = Float.floatToRawIntBits(Float.MIN_NORMAL);

    /// Multiplied with it, scales from the limit on are infinite.
    private static final float TO_INFINITY = (float) (0x1p128 / Precision.SCALE_LIMIT);

    private ScaleCode() { }

    /// `scale = Precision.scale` and `inverse = 1 / scale`, in all lanes. Bits of numbers that are not negative have
    /// the order of the numbers, with NaN above all.
    ///
    /// @param scale `largest / steps` in its lowest lane
    static void emit(Emitter a, Constants constants, Vec scale, Vec inverse) {
        a.op(VBROADCASTSS, scale, scale.as(16));
        a.op(VPMINSD, scale, scale, constants.of(NAN));
        a.op(VPADDD, scale, scale, constants.of(Precision.SCALE_REST));
        a.and(scale, scale, constants.of(~Precision.SCALE_REST));
        a.op(VPMAXSD, scale, scale, constants.of(MIN_NORMAL));
        a.op(VMULPS, scale, scale, constants.of(TO_INFINITY));
        a.op(VMULPS, scale, scale, constants.of(1 / TO_INFINITY));
        // What is infinite becomes NaN, whose sign is the processor's.
        a.op(VSUBPS, inverse, scale, scale);
        a.op(VADDPS, scale, scale, inverse);
        a.and(scale, scale, constants.of(Integer.MAX_VALUE));
        constants.fill(a, inverse.as(16), 1);
        a.op(VDIVPS, inverse.as(16), inverse.as(16), scale.as(16));
        a.op(VBROADCASTSS, inverse, inverse.as(16));
    }
}
