package glia.kernels.panels;

import static glia.kernels.asm.Assembler.Condition.*;
import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;
import static glia.kernels.asm.Operand.Vec.xmm;

import glia.kernels.asm.Assembler.Label;
import glia.kernels.code.Constants;
import glia.kernels.code.Emitter;
import glia.kernels.code.Lanes;
import glia.kernels.code.IsaLevel;
import glia.tensor.Precision;
import java.lang.foreign.Arena;
import java.util.function.IntFunction;

/// Emits the code that quantizes the activations of a tile as defined by `Precision.FAST` and packs them
/// (`TileLayout`). A block of 32 values is two vectors, or four:
/// ```
/// for each block:
///     for each token:                           `TileScales`
///         s = scale(max |x|, 15360 if it has outliers, else 120)
///     for each token:
///         q = round(x / s)
///         if it has outliers: store (q + 64) >> 7, and the rest as a low term
///         else: store q
/// ```
/// For a single token, up to 16 of its blocks take the place of tokens. Arguments: the first token's F32 row, bytes
/// from row to row, blocks, memory for the blocks, memory for their low terms.
///
/// Values equal those of `quantizeActivations`, except that squares are added in another order. This matters only if
/// both sides of the outlier comparison agree to 15 digits.
final class TilePack {
    private static final int BLOCK_BYTES = 4 * Precision.BLOCK;
    private static final int LOW_BITS = Integer.numberOfTrailingZeros(Precision.LOW);
    /// The lanes of values in Winograd's products of sums.
    private static final Mask SUMS = Mask.K2;
    private static final int SCALE = 12;

    private final Emitter a;
    private final Constants constants;
    private final TileLayout layout;
    private final int offset;
    private final int bytes;
    private final TileScales scales;
    private final boolean isOneToken;

    // The parts of the block as integers, and of low terms.
    private final Vec[] q;
    private final Vec[] low;
    private final Vec[] free;
    private final Vec scale;
    /// The order of quads after packing.
    private final Mem quads;

    private TilePack(IsaLevel level, Constants constants, PanelFormat format, int tokens) {
        a = new Emitter(level);
        this.constants = constants;
        layout = format.tile(level, tokens);
        offset = format.offset;
        bytes = level.bytes;
        int parts = Precision.BLOCK / level.lanes;
        scales = new TileScales(a, constants);
        isOneToken = tokens == 1;
        low = new Vec[parts];
        q = new Vec[parts];
        for (int part = 0; part < parts; part++) {
            low[part] = a.v(part);
            q[part] = a.v(4 + part);
        }
        free = new Vec[] {a.v(8), a.v(9), a.v(10), a.v(11)};
        scale = xmm(SCALE);
        quads = constants.vector(0, 4, 1, 5, 2, 6, 3, 7);
    }

    /// The code for tiles of this many tokens, for weights of this format.
    ///
    /// @param arena the arena of the code
    static byte[] emit(IsaLevel level, Arena arena, PanelFormat format, int tokens) {
        return new TilePack(level, new Constants(arena, RBX, level), format, tokens).emit();
    }

    /// RDI: the block in the first token's row, RSI: bytes from row to row, or for a single token from block to block,
    /// R8: the values to quantize, RCX: the tile's block, RDX: blocks left, RAX: 4 · token, or for a single token 4 ·
    /// block of those measured, R10: the next low term, R11: low terms of the block so far.
    private byte[] emit() {
        a.push(RBX);
        a.sub(RSP, TileScales.STACK_BYTES);
        constants.load(a);
        if (layout.isWinograd()) {
            a.mov(RAX, (1 << WinogradDots.COLS) - 1);
            a.mask(SUMS, RAX, R11);
        }
        a.mov(R10, R8);
        if (isOneToken) {
            blocksOfOneToken();
        } else {
            blocks();
        }
        a.add(RSP, TileScales.STACK_BYTES);
        a.pop(RBX);
        return a.end();
    }

    private void blocks() {
        int tokens = layout.tokens();
        int rest = tokens % TileScales.AT_ONCE;
        Label block = a.here();
        a.mov(R8, RDI);
        a.mov(RAX, 0);
        if (tokens >= TileScales.AT_ONCE) {
            Label group = a.here();
            scales.emit(TileScales.AT_ONCE);
            a.add(RAX, 4 * TileScales.AT_ONCE);
            a.cmp(RAX, 4 * (tokens - rest));
            a.jump(BELOW, group);
        }
        if (rest > 0) {
            scales.emit(rest);
        }
        beginBlock();
        a.mov(R8, RDI);
        a.mov(RAX, 0);
        Label token = a.here();
        token();
        a.add(RAX, 4);
        a.cmp(RAX, 4 * tokens);
        a.jump(BELOW, token);
        endBlock();
        a.add(RDI, BLOCK_BYTES);
        a.dec(RDX);
        a.jump(NOT_EQUAL, block);
    }

    /// For one token, up to 16 blocks are measured before the first is quantized; the remainder of four one by one.
    private void blocksOfOneToken() {
        a.mov(RSI, BLOCK_BYTES);
        Label blocks = a.here();
        Label few = new Label();
        Label measured = new Label();
        a.mov(R8, RDI);
        a.mov(RAX, 0);
        a.mov(R9, RDX);
        Label group = a.here();
        a.cmp(R9, TileScales.AT_ONCE);
        a.jump(LESS, few);
        scales.emit(TileScales.AT_ONCE);
        a.sub(R9, TileScales.AT_ONCE);
        a.add(RAX, 4 * TileScales.AT_ONCE);
        a.cmp(RAX, 4 * TileScales.MAX);
        a.jump(BELOW, group);
        a.bind(few);
        a.test(RAX, RAX);
        a.jump(NOT_EQUAL, measured);
        scales.emit(1);
        a.mov(RAX, 4);
        a.bind(measured);
        a.mov(at(RSP, TileScales.END), RAX);
        a.mov(R8, RDI);
        a.mov(RAX, 0);
        Label block = a.here();
        beginBlock();
        token();
        endBlock();
        a.dec(RDX);
        a.add(RAX, 4);
        a.cmp(RAX, at(RSP, TileScales.END));
        a.jump(BELOW, block);
        a.mov(RDI, R8);
        a.test(RDX, RDX);
        a.jump(NOT_EQUAL, blocks);
    }

    private void beginBlock() {
        a.mov(R11, 0);
        a.mov(R9, R10);
        a.sub(R9, RCX);
        a.mov32(at(RCX, layout.low()), R9);
    }

    private void endBlock() {
        a.mov32(at(RCX, layout.count()), R11);
        a.add(RCX, layout.blockBytes());
    }

    /// Quantizes a token's block.
    private void token() {
        Label usual = new Label();
        round();
        a.mov32(R9, TileScales.of(TileScales.OUTLIERS));
        a.test(R9, R9);
        a.jump(EQUAL, usual);
        splitAndStoreLow();
        a.bind(usual);
        storeHigh();
        a.add(R8, RSI);
    }

    /// q = x / s, rounded; NaN becomes -2^31. The totals are stored.
    private void round() {
        Vec inverse = free[1];
        a.op(VBROADCASTSS, inverse, TileScales.of(TileScales.INVERSE));
        for (int part = 0; part < q.length; part++) {
            a.op(VMULPS, free[0], inverse, at(R8, bytes * part));
            a.op(VCVTPS2DQ, q[part], free[0]);
        }
        totals();
    }

    /// q = the high terms; the low terms are stored.
    private void splitAndStoreLow() {
        for (int part = 0; part < q.length; part++) {
            a.op(VMOVUPS, low[part], q[part]);
            a.op(VPADDD, q[part], q[part], constants.of(Precision.LOW / 2));
            a.op(VPSRAD, q[part], q[part], LOW_BITS);
            a.op(VPSLLD, free[0], q[part], LOW_BITS);
            a.op(VPSUBD, low[part], low[part], free[0]);
        }
        store(low, at(R10), half -> at(R10, layout.lowStart(half)), at(R10, layout.lowScale()),
                at(R10, layout.lowHalf()), a.isWide() ? TileScales.MIDDLE : TileScales.SCALE);
        if (isOneToken) {
            a.mov(R9, 0);
        } else {
            a.mov(R9, RAX);
            a.shl(R9, 4);
        }
        a.mov32(at(R10, layout.lowPlace()), R9);
        a.add(R10, layout.lowBytes());
        a.inc(R11);
    }

    private void storeHigh() {
        store(q, isOneToken ? at(RCX) : at(RCX, RAX, 8, 0), half -> perToken(layout.start(half, 0)),
                perToken(layout.scale(0)), perToken(layout.half(0)),
                a.isWide() ? TileScales.HIGH_MIDDLE : TileScales.HIGH_SCALE);
    }

    /// Stores values and the sums that the micro-kernel needs. The values' registers are overwritten.
    ///
    /// @param scale the array of `TileScales` for the scale; with wide vectors M, whose bits are in each initial value,
    ///        too
    private void store(Vec[] numbers, Mem to, IntFunction<Mem> start, Mem scalePlace, Mem halfPlace, int scale) {
        for (int half = 0; half < layout.corrections(); half++) {
            Vec sum = correction(numbers, half);
            if (layout.isWide()) {
                a.op(VPADDD, sum, sum, TileScales.of(scale).toAll());
            }
            a.op(VMOVD_TO, start.apply(half), sum);
        }
        a.mov32(R9, TileScales.of(scale));
        a.mov32(scalePlace, R9);
        if (layout.isWide()) {
            if (layout.corrections() == 0) {
                a.mov32(start.apply(0), R9);
            }
            a.mov32(R9, TileScales.of(TileScales.HALF));
            a.mov32(halfPlace, R9);
        }
        if (layout.isWinograd()) {
            a.op(VPSUBD, numbers[0].under(SUMS), numbers[0], constants.of(WinogradDots.MIDDLE));
            a.op(VPADDD, numbers[1].under(SUMS), numbers[1], constants.of(WinogradDots.RAISE));
        }
        storeBytes(to, numbers);
    }

    /// Stores 32 values that fit bytes.
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
        return isOneToken ? at(RCX, place) : at(RCX, RAX, 1, place);
    }

    /// The sum of one half of the values, or of both, in a register's lowest lanes.
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
            a.op(VBROADCASTSS, scale, TileScales.of(TileScales.SCALE));
            a.op(VMULPS, sum, sum, scale);
            a.op(VMOVD_TO, perToken(layout.sum(half, 0)), sum);
        }
    }

    /// `8 · Σ' x - Σ' x_i · (x_{i+16} + 128) - offset · Σ x`, with Σ' over the values in products of sums.
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

    /// `-offset · sum`, of all or of a half; for Winograd's inner product its correction.
    private Vec correction(Vec[] numbers, int half) {
        if (layout.isWinograd()) {
            return winogradCorrection(numbers);
        }
        Vec sum = sum(numbers, half, layout.corrections());
        a.op(VPMULLD, sum, sum, constants.of(-offset));
        return sum;
    }
}
