package glia.kernels.panels;

import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;

import glia.kernels.asm.Op;
import glia.kernels.code.Constants;
import glia.kernels.code.Emitter;
import glia.kernels.code.Lanes;
import glia.kernels.rows.QuantizeActivations.ScaleCode;
import glia.tensor.Precision;

/// The part of `TilePack` that measures four blocks: one of each of four tokens, or four of a single token. Emits code
/// that computes, for each of them,
/// ```
/// largest, squares = max |x|, Σ x²                  squares in F64
/// has outliers     = largest² · 32 > 3.9² · squares
/// s                = scale(largest, 15360 or 120)
/// ```
/// and leaves it on the stack. Four blocks become the lanes of one vector as soon as each is reduced to four values, so
/// that the rest is done once for the four. All tokens of a tile are measured before the first is quantized: the branch
/// on outliers is unpredictable, and a misprediction costs more the later it is resolved.
final class TileScales {
    static final int AT_ONCE = 4;
    /// Maximal number of blocks.
    static final int MAX = TileLayout.MAX_TOKENS;

    // Offsets on the stack, 4 bytes for each block.
    private static final int ARRAY_BYTES = 4 * MAX;
    /// 1 / s
    static final int INVERSE = 0;
    /// s
    static final int SCALE = ARRAY_BYTES;
    /// All bits set if there are outliers, otherwise 0.
    static final int OUTLIERS = 2 * ARRAY_BYTES;
    /// The factor of high terms: s, or 128 s if there are outliers.
    static final int HIGH_SCALE = 3 * ARRAY_BYTES;
    /// With wide vectors, M of low terms and of high ones, and the half (`TileLayout`).
    static final int MIDDLE = 4 * ARRAY_BYTES;
    static final int HIGH_MIDDLE = 5 * ARRAY_BYTES;
    static final int HALF = 6 * ARRAY_BYTES;
    /// 8 bytes for `TilePack`: 4 · the number of measured blocks.
    static final int END = 7 * ARRAY_BYTES;
    /// The total size.
    static final int STACK_BYTES = END + 8;

    private static final int GREATER = 30;
    private static final int EXPONENT = 0x7f80_0000;
    /// The shift of the first mantissa bit to 64.
    private static final int HALF_SHIFT = 16;
    private static final int HALF_BIT = 64;
    /// The `VSHUFPS` that selects the lower or the upper 64 bits of two vectors' 128-bit lanes, or their even 32-bit
    /// lanes.
    private static final int LOWER = 0x44;
    private static final int UPPER = 0xee;
    private static final int EVEN = 0x88;

    private static final int LARGEST = 0;
    private static final int SQUARES = LARGEST + AT_ONCE;
    private static final int FREE = SQUARES + AT_ONCE;

    private final Emitter a;
    private final Constants constants;
    private final int parts;

    TileScales(Emitter a, Constants constants) {
        this.a = a;
        this.constants = constants;
        parts = Precision.BLOCK / a.lanes();
    }

    /// The address of an array's entry for the block in RAX, 4 · its number.
    static Mem of(int array) {
        return at(RSP, RAX, 1, array);
    }

    /// Measures blocks from the one in RAX on. R8 points to the first and advances by RSI a block.
    ///
    /// @param blocks 1 to 4
    void emit(int blocks) {
        for (int i = 0; i < AT_ONCE; i++) {
            if (i < blocks) {
                magnitude(i);
                squares(i);
                a.add(R8, RSI);
            } else {
                a.zero(a.v(LARGEST + i));
                a.zero(a.v(SQUARES + i));
            }
        }
        Vec largest = merged(VPMAXSD);
        Vec outliers = outliers(largest);
        scales(largest, outliers);
    }

    /// Four values whose maximum is `max |x|`, in the lowest lanes. As integers, magnitudes have the order of the
    /// floats, with NaN above all.
    private void magnitude(int i) {
        for (int part = 0; part < parts; part++) {
            Vec one = a.v(part == 0 ? LARGEST + i : FREE + part);
            a.op(VMOVUPS, one, at(R8, a.bytes() * part));
            a.and(one, one, constants.of(Integer.MAX_VALUE));
            if (part > 0) {
                a.op(VPMAXSD, a.v(LARGEST + i), a.v(LARGEST + i), one);
            }
        }
        Lanes.halve(a, VPMAXSD, LARGEST + i, FREE, 16);
    }

    /// Four 64-bit floats whose sum is `Σ x²`, in the lowest lanes.
    private void squares(int block) {
        Vec[] sums = {a.v(SQUARES + block), a.v(FREE)};
        for (int i = 0; i < 2 * parts; i++) {
            Vec wide = a.v(FREE + 1 + i % 3);
            a.op(VCVTPS2PD, wide, at(R8, a.bytes() / 2 * i));
            if (i < 2) {
                a.op(VMULPD, sums[i], wide, wide);
            } else {
                a.op(VFMADD231PD, sums[i % 2], wide, wide);
            }
        }
        a.op(VADDPD, sums[0], sums[0], sums[1]);
        Lanes.halve(a, VADDPD, SQUARES + block, FREE, 32);
    }

    /// The four blocks' maxima, one in each lane.
    private Vec merged(Op max) {
        Vec first = lanes(LARGEST);
        Vec other = lanes(LARGEST + 2);
        Vec free = lanes(FREE);
        for (int pair = LARGEST; pair <= LARGEST + 2; pair += 2) {
            a.op(VUNPCKHPS, free, lanes(pair), lanes(pair + 1));
            a.op(VUNPCKLPS, lanes(pair), lanes(pair), lanes(pair + 1));
            a.op(max, lanes(pair), lanes(pair), free);
        }
        a.op(VSHUFPS, free, first, other, UPPER);
        a.op(VSHUFPS, first, first, other, LOWER);
        a.op(max, first, first, free);
        return first;
    }

    /// The four blocks' sums, one in each 64-bit lane.
    private Vec squaresOfAll() {
        Vec first = doubles(SQUARES);
        Vec other = doubles(SQUARES + 2);
        Vec free = doubles(FREE);
        for (int pair = SQUARES; pair <= SQUARES + 2; pair += 2) {
            a.op(VSHUFPS, free, doubles(pair), doubles(pair + 1), UPPER);
            a.op(VSHUFPS, doubles(pair), doubles(pair), doubles(pair + 1), LOWER);
            a.op(VADDPD, doubles(pair), doubles(pair), free);
        }
        a.op(VPERM2F128, free, first, other, 0x31);
        a.op(VPERM2F128, first, first, other, 0x20);
        a.op(VADDPD, first, first, free);
        return first;
    }

    /// All bits set in the lanes of the blocks with outliers.
    private Vec outliers(Vec largest) {
        Vec squares = squaresOfAll();
        Vec found = doubles(FREE);
        Vec factor = doubles(FREE + 1);
        a.op(VCVTPS2PD, found, largest);
        a.op(VMULPD, found, found, found);
        // 32 · largest² > OUTLIER² · squares
        constants.fillDoubles(a, factor, Precision.BLOCK);
        a.op(VMULPD, found, found, factor);
        constants.fillDoubles(a, factor, Precision.OUTLIER * Precision.OUTLIER);
        a.op(VMULPD, squares, squares, factor);
        a.op(VCMPPD_VEX, found, found, squares, GREATER);
        Vec outliers = lanes(SQUARES);
        a.op(VEXTRACTF128, outliers, found, 1);
        a.op(VSHUFPS, outliers, lanes(FREE), outliers, EVEN);
        a.op(VMOVUPS, of(OUTLIERS), outliers);
        return outliers;
    }

    private void scales(Vec largest, Vec outliers) {
        Vec scale = lanes(FREE);
        Vec inverse = lanes(FREE + 1);
        Vec high = lanes(FREE + 2);
        choose(inverse, outliers, Precision.STEPS, Precision.MAX_STEPS);
        a.op(VDIVPS, scale, largest, inverse);
        ScaleCode.emit(a, constants, FREE, FREE + 1);
        a.op(VMOVUPS, of(SCALE), scale);
        a.op(VMOVUPS, of(INVERSE), inverse);
        choose(high, outliers, 1, Precision.LOW);
        if (!a.isWide()) {
            a.op(VMULPS, high, high, scale);
            a.op(VMOVUPS, of(HIGH_SCALE), high);
            return;
        }
        // M is NaN if the scale is NaN.
        Vec middle = lanes(LARGEST);
        Vec nothing = lanes(LARGEST + 1);
        a.and(middle, scale, constants.of(EXPONENT));
        a.op(VSUBPS, nothing, scale, scale);
        constants.fill(a, inverse, TileLayout.MIDDLE);
        a.op(VFMADD213PS, middle, inverse, nothing);
        a.op(VMOVUPS, of(MIDDLE), middle);
        a.op(VMULPS, high, high, middle);
        a.op(VMOVUPS, of(HIGH_MIDDLE), high);
        a.op(VPSRLD, scale, scale, HALF_SHIFT);
        a.and(scale, scale, constants.of(HALF_BIT));
        a.op(VMOVUPS, of(HALF), scale);
    }

    /// One constant in the lanes of the blocks without outliers and another in those with, whose difference is exact.
    private void choose(Vec to, Vec outliers, float without, float with) {
        a.and(to, outliers, constants.of(with - without));
        a.op(VADDPS, to, to, constants.of(without));
    }

    private Vec lanes(int register) {
        return a.v(register).as(16);
    }

    private Vec doubles(int register) {
        return a.v(register).as(32);
    }
}
