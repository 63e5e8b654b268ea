package glia.tensor.kernel.emitted;

import static glia.tensor.asm.Condition.BELOW;
import static glia.tensor.asm.Condition.NOT_EQUAL;
import static glia.tensor.asm.Gpr.R10;
import static glia.tensor.asm.Gpr.R11;
import static glia.tensor.asm.Gpr.R8;
import static glia.tensor.asm.Gpr.R9;
import static glia.tensor.asm.Gpr.RAX;
import static glia.tensor.asm.Gpr.RBX;
import static glia.tensor.asm.Gpr.RCX;
import static glia.tensor.asm.Gpr.RDI;
import static glia.tensor.asm.Gpr.RDX;
import static glia.tensor.asm.Gpr.RSI;
import static glia.tensor.asm.Mem.at;
import static glia.tensor.asm.Op.*;
import static glia.tensor.asm.Vec.xmm;

import glia.tensor.Precision;
import glia.tensor.asm.Label;
import glia.tensor.asm.Mask;
import glia.tensor.asm.Mem;
import glia.tensor.asm.Vec;
import java.lang.foreign.Arena;
import java.util.function.IntFunction;

/// Emits the code that rounds the activations of a tile as `Precision.FAST` says and lays them out (`TileLayout`). A
/// block of 32 numbers is two vectors, or four:
/// ```
/// for each block, for each token:
///     largest, squares = max |x|, Σ x²          squares in F64
///     if largest² · 32 > 3.9² · squares:       outliers
///         q = round(x / scale(largest, 15360)); store (q + 64) >> 7, and the rest as a low term
///     else:
///         q = round(x / scale(largest, 120)); store q
/// ```
/// Arguments: the first token's row of F32, bytes from row to row, blocks, memory for these, memory for their low
/// terms.
///
/// Numbers equal those of `roundActivations`, but that squares are added in another order, which can matter only where
/// both sides of the comparison agree to 15 digits.
final class TilePack {
    private static final int BLOCK_BYTES = 4 * Precision.BLOCK;
    private static final int GREATER = 30;
    private static final int EXPONENT = 0x7f80_0000;
    private static final int LOW_BITS = Integer.numberOfTrailingZeros(Precision.LOW);
    private static final Mask CHOICE = Mask.K1;
    /// The lanes of numbers that are multiplied in sums.
    private static final Mask SUMS = Mask.K2;
    private static final int LARGEST = 12;
    private static final int SCALE = 13;

    private final Emitter a;
    private final Constants constants;
    private final TileLayout layout;
    private final int offset;
    private final int bytes;

    // The parts of the block, what they are rounded to.
    private final Vec[] x;
    private final Vec[] q;
    private final Vec[] free;
    private final Vec largest;
    private final Vec scale;
    /// The order of quads after packing.
    private final Mem quads;

    private TilePack(Level level, Constants constants, PanelFormat format, int tokens) {
        a = new Emitter(level);
        this.constants = constants;
        layout = format.tile(level, tokens);
        offset = format.offset;
        bytes = level.bytes;
        int parts = Precision.BLOCK / level.lanes;
        x = new Vec[parts];
        q = new Vec[parts];
        for (int part = 0; part < parts; part++) {
            x[part] = a.v(part);
            q[part] = a.v(4 + part);
        }
        free = new Vec[] {a.v(8), a.v(9), a.v(10), a.v(11)};
        largest = a.v(LARGEST);
        scale = xmm(SCALE);
        quads = constants.vector(0, 4, 1, 5, 2, 6, 3, 7);
    }

    /// The code for tiles of this many tokens, for weights of this format.
    ///
    /// @param arena what the code lives in, too
    static byte[] emit(Level level, Arena arena, PanelFormat format, int tokens) {
        return new TilePack(level, new Constants(arena, RBX, level), format, tokens).emit();
    }

    /// RDI: the block in the first token's row, R8: in the present token's, RCX: the tile's block, RAX: 4 · token,
    /// R10: the next low term, R11: low terms of the block so far.
    private byte[] emit() {
        a.push(RBX);
        constants.load(a);
        if (layout.isWinograd()) {
            a.mov(RAX, (1 << WinogradDots.COLS) - 1);
            a.mask(SUMS, RAX, R11);
        }
        a.mov(R10, R8);
        Label block = a.here();
        a.mov(R8, RDI);
        a.mov(RAX, 0);
        a.mov(R11, 0);
        a.mov(R9, R10);
        a.sub(R9, RCX);
        a.mov32(at(RCX, layout.low()), R9);
        Label token = a.here();
        Label usual = new Label();
        Label done = new Label();
        measure();
        a.jumpIfNone(CHOICE, usual);
        round(Precision.MOST_STEPS);
        splitAndStoreLow();
        a.jump(done);
        a.bind(usual);
        round(Precision.STEPS);
        totals();
        a.bind(done);
        storeHigh();
        a.add(R8, RSI);
        a.add(RAX, 4);
        a.cmp(RAX, 4 * layout.tokens());
        a.jump(BELOW, token);
        a.mov32(at(RCX, layout.count()), R11);
        a.add(RCX, layout.blockBytes());
        a.add(RDI, BLOCK_BYTES);
        a.dec(RDX);
        a.jump(NOT_EQUAL, block);
        a.pop(RBX);
        return a.end();
    }

    /// `largest` in its register's lowest lanes; CHOICE = whether the block has outliers.
    private void measure() {
        for (int part = 0; part < x.length; part++) {
            a.op(VMOVUPS, x[part], at(R8, bytes * part));
            a.and(q[part], x[part], constants.of(Integer.MAX_VALUE));
        }
        // Magnitudes have the order of their bits, NaN above all.
        a.op(VPMAXSD, largest, q[0], q[1]);
        for (int part = 2; part < x.length; part++) {
            a.op(VPMAXSD, largest, largest, q[part]);
        }
        Lanes.reduce(a, VPMAXSD, LARGEST, free[0].number(), 4);
        Vec squares = q[0];
        for (int i = 0; i < 2 * x.length; i++) {
            Vec wide = free[i % 4];
            a.op(VCVTPS2PD, wide, at(R8, bytes / 2 * i));
            if (i < 2) {
                a.op(VMULPD, q[i], wide, wide);
            } else {
                a.op(VFMADD231PD, q[i % 2], wide, wide);
            }
        }
        a.op(VADDPD, squares, squares, q[1]);
        Lanes.reduce(a, VADDPD, squares.number(), free[0].number(), 8);
        Vec sum = squares.as(16);
        Vec found = free[0].as(16);
        a.op(VCVTPS2PD, found, largest.as(16));
        a.op(VMULPD, found, found, found);
        // 32 · largest² > OUTLIER² · squares
        a.op(VMULPD, found, found, constants.doubles(Precision.BLOCK));
        a.op(VMULPD, sum, sum, constants.doubles(Precision.OUTLIER * Precision.OUTLIER));
        a.compareDoubles(CHOICE, found, sum, GREATER);
    }

    /// `scale`, in its register's lowest lanes, and q for so many steps; NaN becomes -2^31.
    private void round(int steps) {
        constants.fill(a, free[1].as(16), steps);
        a.op(VDIVPS, scale, largest.as(16), free[1].as(16));
        ScaleCode.emit(a, constants, SCALE, free[1].number());
        for (int part = 0; part < x.length; part++) {
            a.op(VMULPS, free[0], x[part], free[1]);
            a.op(VCVTPS2DQ, q[part], free[0]);
        }
    }

    /// q = the high terms, `scale` = their scale; the low terms are stored.
    private void splitAndStoreLow() {
        totals();
        Vec[] low = x;
        for (int part = 0; part < x.length; part++) {
            a.op(VMOVUPS, low[part], q[part]);
            a.op(VPADDD, q[part], q[part], constants.of(Precision.LOW / 2));
            a.op(VPSRAD, q[part], q[part], LOW_BITS);
            a.op(VPSLLD, free[0], q[part], LOW_BITS);
            a.op(VPSUBD, low[part], low[part], free[0]);
        }
        store(low, at(R10), half -> at(R10, layout.lowStart(half)), at(R10, layout.lowScale()),
                at(R10, layout.lowHalf()));
        a.mov(R9, RAX);
        a.shl(R9, 4);
        a.mov32(at(R10, layout.lowPlace()), R9);
        a.add(R10, layout.lowBytes());
        a.inc(R11);
        a.op(VMULPS, scale, scale, constants.of((float) Precision.LOW));
    }

    private void storeHigh() {
        store(q, at(RCX, RAX, 8, 0), half -> perToken(layout.start(half, 0)), perToken(layout.scale(0)),
                perToken(layout.half(0)));
    }

    /// Stores numbers, and what a product needs to know of them. The numbers' registers are overwritten.
    private void store(Vec[] numbers, Mem to, IntFunction<Mem> start, Mem scalePlace, Mem halfPlace) {
        if (layout.isWide()) {
            storeMiddle(numbers, start, scalePlace, halfPlace);
        } else {
            for (int half = 0; half < layout.corrections(); half++) {
                a.op(VMOVD_TO, start.apply(half), correction(numbers, half));
            }
            a.op(VMOVD_TO, scalePlace, scale);
        }
        if (layout.isWinograd()) {
            a.op(VPSUBD, numbers[0].under(SUMS), numbers[0], constants.of(WinogradDots.MIDDLE));
            a.op(VPADDD, numbers[1].under(SUMS), numbers[1], constants.of(WinogradDots.RAISE));
        }
        storeBytes(to, numbers);
    }

    /// Stores M, its bits with each correction, and whether the scale has a half (`TileLayout`). M is NaN where the
    /// scale is no number.
    private void storeMiddle(Vec[] numbers, IntFunction<Mem> start, Mem scalePlace, Mem halfPlace) {
        Vec middle = free[2].as(16);
        Vec nothing = free[0].as(16);
        Vec times = free[1].as(16);
        a.and(middle, scale, constants.of(EXPONENT));
        a.op(VSUBPS, nothing, scale, scale);
        constants.fill(a, times, TileLayout.MIDDLE);
        a.op(VFMADD213PS, middle, times, nothing);
        a.op(VMOVD_TO, scalePlace, middle);
        for (int half = 0; half < layout.starts(); half++) {
            Vec sum = middle;
            if (layout.corrections() > 0) {
                sum = correction(numbers, half);
                a.op(VPADDD, sum, sum, middle);
            }
            a.op(VMOVD_TO, start.apply(half), sum);
        }
        // Bit 22 is the first behind the point.
        a.op(VMOVD_TO, R9, scale);
        a.shr(R9, 16);
        a.and(R9, 64);
        a.mov32(halfPlace, R9);
    }

    /// Stores 32 numbers that fit bytes.
    private void storeBytes(Mem to, Vec[] numbers) {
        if (a.isWide()) {
            for (int part = 0; part < numbers.length; part++) {
                Vec narrow = free[part].as(16);
                a.op(VPMOVDB, narrow, numbers[part]);
                a.op(VMOVUPS, to.plus(16 * part), narrow);
            }
            return;
        }
        // Packing works within 16 bytes, which leaves the quads as 0, 2, 4, 6, 1, 3, 5, 7.
        a.op(VPACKSSDW, free[0], numbers[0], numbers[1]);
        a.op(VPACKSSDW, free[1], numbers[2], numbers[3]);
        a.op(VPACKSSWB, free[0], free[0], free[1]);
        a.op(VMOVUPS, free[1], quads);
        a.op(VPERMD, free[0], free[1], free[0]);
        a.op(VMOVUPS, to, free[0]);
    }

    private Mem perToken(int place) {
        return at(RCX, RAX, 1, place);
    }

    /// The sum of one half of the numbers, or of both, in a register's lowest lanes.
    private Vec sum(Vec[] numbers, int half, int halves) {
        int count = numbers.length / halves;
        Vec sum = free[1];
        if (count == 1) {
            a.op(VMOVUPS, sum, numbers[half]);
        } else {
            a.op(VPADDD, sum, numbers[half * count], numbers[half * count + 1]);
        }
        for (int part = 2; part < count; part++) {
            a.op(VPADDD, sum, sum, numbers[half * count + part]);
        }
        Lanes.reduce(a, VPADDD, sum.number(), free[0].number(), 4);
        return sum.as(16);
    }

    /// Stores `scale · sum`, of all or of each half.
    private void totals() {
        for (int half = 0; half < layout.sums(); half++) {
            Vec sum = sum(q, half, layout.sums());
            a.op(VCVTDQ2PS, sum, sum);
            a.op(VMULPS, sum, sum, scale);
            a.op(VMOVD_TO, perToken(layout.sum(half, 0)), sum);
        }
    }

    /// `8 · Σ' x - Σ' x_i · (x_{i+16} + 128) - offset · Σ x`, Σ' over what is in sums.
    private Vec winogradCorrection(Vec[] numbers) {
        Vec sum = free[1];
        Vec more = free[0];
        a.op(VPADDD, sum, numbers[1], constants.of(WinogradDots.RAISE));
        a.op(VPMULLD, sum, sum, numbers[0]);
        a.op(VPSLLD, more, numbers[1], Integer.numberOfTrailingZeros(WinogradDots.MIDDLE));
        a.op(VPSUBD, sum.zeroUnder(SUMS), more, sum);
        if (offset != 0) {
            a.op(VPADDD, more, numbers[0], numbers[1]);
            a.op(VPMULLD, more, more, constants.of(-offset));
            a.op(VPADDD, sum, sum, more);
        }
        Lanes.reduce(a, VPADDD, sum.number(), more.number(), 4);
        return sum.as(16);
    }

    /// `-offset · sum`, of all or of a half; for products of sums what they need.
    private Vec correction(Vec[] numbers, int half) {
        if (layout.isWinograd()) {
            return winogradCorrection(numbers);
        }
        Vec sum = sum(numbers, half, layout.corrections());
        a.op(VPMULLD, sum, sum, constants.of(-offset));
        return sum;
    }
}
