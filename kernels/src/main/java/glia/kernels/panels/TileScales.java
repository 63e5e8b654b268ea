package glia.kernels.panels;

import static glia.kernels.asm.Gpr.R8;
import static glia.kernels.asm.Gpr.RAX;
import static glia.kernels.asm.Gpr.RSI;
import static glia.kernels.asm.Gpr.RSP;
import static glia.kernels.asm.Mem.at;
import static glia.kernels.asm.Op.*;

import glia.kernels.asm.Mem;
import glia.kernels.asm.Op;
import glia.kernels.asm.Vec;
import glia.kernels.code.Constants;
import glia.kernels.code.Emitter;
import glia.kernels.code.Lanes;
import glia.kernels.rows.ScaleCode;
import glia.tensor.Precision;

/// The part of `TilePack` that measures four blocks: one of four tokens, or of a single token four. Emits what finds,
/// for each of them,
/// ```
/// largest, squares = max |x|, Σ x²                  squares in F64
/// has outliers     = largest² · 32 > 3.9² · squares
/// s                = scale(largest, 15360 or 120)
/// ```
/// and leaves it on the stack. Four blocks are turned into lanes of one vector as soon as each has four numbers left,
/// so that all that follows is done once for the four. And all tokens of a tile are measured before the first is
/// rounded: whether a block has outliers cannot be guessed, and the longer that takes to find out, the more work a
/// wrong guess costs.
final class TileScales {
    static final int AT_ONCE = 4;
    /// Blocks that there is room for.
    static final int MOST = TileLayout.MOST_TOKENS;

    // Where it lies on the stack, for each block 4 bytes.
    private static final int ARRAY_BYTES = 4 * MOST;
    /// 1 / s
    static final int INVERSE = 0;
    /// s
    static final int SCALE = ARRAY_BYTES;
    /// All bits set where there are outliers, else 0.
    static final int OUTLIERS = 2 * ARRAY_BYTES;
    /// What high terms are multiplied by: s, or 128 s where there are outliers.
    static final int HIGH_SCALE = 3 * ARRAY_BYTES;
    /// With wide vectors, M of low terms and of high ones, and the half (`TileLayout`).
    static final int MIDDLE = 4 * ARRAY_BYTES;
    static final int HIGH_MIDDLE = 5 * ARRAY_BYTES;
    static final int HALF = 6 * ARRAY_BYTES;
    /// 8 bytes for `TilePack`: 4 · the blocks that were measured.
    static final int END = 7 * ARRAY_BYTES;
    /// All of it.
    static final int STACK_BYTES = END + 8;

    private static final int GREATER = 30;
    private static final int EXPONENT = 0x7f80_0000;
    /// The bit behind the point, moved to 64.
    private static final int HALF_SHIFT = 16;
    private static final int HALF_BIT = 64;
    /// `VSHUFPS` that takes the lower or the upper 64 bits of two vectors' 128, or the even 32 of theirs.
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

    /// Where a number of the block lies that RAX stands for, 4 · its number.
    static Mem of(int array) {
        return at(RSP, RAX, 1, array);
    }

    /// Measures blocks from that on which RAX stands for. R8 points at the first and is moved on, by RSI a block.
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

    /// Four numbers whose maximum is `max |x|`, in the lowest lanes. As whole numbers, magnitudes have the order of the
    /// numbers, with NaN above all.
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

    /// Four numbers of 64 bits whose sum is `Σ x²`, in the lowest lanes.
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

    /// The four blocks' sums, one in each lane of 64 bits.
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
        // M is NaN where the scale is no number.
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

    /// One number in the lanes of the blocks without outliers and another in those with, whose difference is exact.
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
