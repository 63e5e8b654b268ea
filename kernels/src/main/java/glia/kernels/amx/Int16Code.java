package glia.kernels.amx;

import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;
import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.AmxAssembler.Tile.*;

import glia.kernels.asm.AmxAssembler;
import glia.kernels.asm.Assembler;
import glia.kernels.asm.Assembler.Condition;
import glia.kernels.asm.Assembler.Label;
import glia.kernels.asm.AmxAssembler.Tile;
import glia.kernels.asm.Operand.Vec;
import glia.kernels.code.CodePages;
import glia.kernels.code.Emitter;
import glia.kernels.code.Lanes;
import glia.kernels.code.IsaLevel;
import glia.tensor.Memory;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/// The inner loop of `Int16Product`: `y[t,r] (+)= x[t] · w[r]` of 16-bit integers, 16 tokens at a time with the 32 rows
/// of two panels, over one strip.
///
/// A 16-bit integer is `256 · high + low`, so a product is `65536 · highs + 256 · (high · low + low · high) + lows`.
/// The first two sums are computed in integers, by three multiplications of bytes. The last is omitted, as it is
/// smaller than the error of rounding to 16 bits. Tile registers hold 16 rows of 64 bytes:
/// ```
/// for each group of 16 tokens:
///     tmm0 to tmm3 = 0
///     for each step of 64 columns:
///         tmm4, tmm5 = high, low of x
///         for both panels, p: tmm6, 7 = high of w      tmm[p] += tmm4 · w      tmm[2 + p] += tmm5 · w
///         for both panels, p: tmm6, 7 = low of w       tmm[2 + p] += tmm4 · w
///     store the sums
///     y[t,r] (+)= (256 · tmm[p] + tmm[2 + p]) · (scale of t · 256 · scale of r)
/// ```
/// w stays in the L1 cache; x, which comes from L2, is loaded past it. Results are in the worker's own memory, with the
/// layout of the sums of `AmxCode`, whose `move` copies them at the end.
final class Int16Code {
    /// Tokens of a group.
    static final int TOKENS = 16;
    /// Size of a step of 64 columns, in bytes: of a group's x, and of two panels' w.
    static final int X_STEP_BYTES = 2048;
    static final int W_STEP_BYTES = 4096;
    /// Lines of the next x that are prefetched in a step.
    static final int X_LINES = 2;
    static final int LINE = 64;
    /// Size of a group's results, in bytes.
    static final int RESULT_BYTES = 2048;
    private static final int TILE_BYTES = 1024;
    private static final int ROW_BYTES = 64;
    private static final int HALF_STEP = 32;
    private static final float BYTE = 256;

    /// Offsets in a call's memory: the tile configuration, the addresses of the results and w, what to prefetch, and
    /// w's scales.
    private static final int RESULTS = 64;
    private static final int W = 72;
    private static final int NEXT_QUANTS = 80;
    private static final int PANEL_BYTES = 88;
    private static final int NEXT_X = 96;
    static final int SCALES = 128;
    private static final int SUMS = 256;
    /// Size of a call's memory, in bytes, aligned to 64.
    static final int CALL_BYTES = SUMS + 4 * TILE_BYTES;

    private static final CodePages PAGES = pages();

    private Int16Code() { }

    private static CodePages pages() {
        List<byte[]> codes = new ArrayList<>(List.of(emitPack()));
        for (int which = 0; which < 4; which++) {
            codes.add(emit(1 + which / 2, which % 2 == 1));
        }
        return CodePages.seal(Arena.ofAuto(), codes);
    }

    /// Quantizes a token's values to 16 bits: `scale = max |x| / 32512`, `q = round(x / scale)`. If a value is not
    /// finite, neither is the scale.
    ///
    /// @param x F32
    /// @param blocks blocks of 32 values, at least 1
    /// @param to the token's place in its group: 64 bytes in each step of `X_STEP_BYTES`, padded with 0
    /// @param scale F32
    static void pack(long x, int blocks, long to, long scale) {
        PAGES.function(0).call(x, to, blocks, scale, 0, 0);
    }

    /// Writes the constants used by all calls with this memory.
    static void prepare(long call) {
        Memory.i8(call, 1);
        for (int tile = 0; tile < 8; tile++) {
            Memory.i16(call + 16 + 2 * tile, ROW_BYTES);
            Memory.i8(call + 48 + tile, TOKENS);
        }
    }

    /// Sets the memory that the next call prefetches into L2, line by line.
    ///
    /// @param quants of a panel, a line for each step and group
    /// @param panelBytes distance to those of another panel
    /// @param x 16-bit values, `X_LINES` lines for each step and group
    static void ahead(long call, long quants, long panelBytes, long x) {
        Memory.i64(call + NEXT_QUANTS, quants);
        Memory.i64(call + PANEL_BYTES, panelBytes);
        Memory.i64(call + NEXT_X, x);
    }

    /// Multiplies groups, which are consecutive in x, in its scales and in the results.
    ///
    /// @param call memory initialized by `prepare`, with the scales of w's 16 or 32 rows at `SCALES`
    /// @param panels 1 or 2
    /// @param adds whether to add to the results
    static void multiply(long call, int groups, int panels, boolean adds, long results, long x, long xScales, long w,
            int steps) {
        Memory.i64(call + RESULTS, results);
        Memory.i64(call + W, w);
        PAGES.function(1 + 2 * (panels - 1) + (adds ? 1 : 0)).call(call, groups, x, steps, xScales, 0);
    }

    /// RDI: the call, RSI: groups, RDX: x, RCX: w, RBX: steps in total, RAX: steps left, R8: scales of x, R10: results,
    /// R11: bytes from row to row of a tile, R9, R12, R13: the next quants, bytes to another panel's, and the next x.
    private static byte[] emit(int panels, boolean adds) {
        var a = new AmxAssembler();
        Vec[] scales = {Vec.zmm(4), Vec.zmm(5)};
        Vec byteFactor = Vec.zmm(6);
        a.configureTiles(at(RDI));
        a.push(RBX);
        a.push(R12);
        a.push(R13);
        a.mov(R9, at(RDI, NEXT_QUANTS));
        a.mov(R12, at(RDI, PANEL_BYTES));
        a.mov(R13, at(RDI, NEXT_X));
        a.mov(RBX, RCX);
        a.mov(R10, at(RDI, RESULTS));
        a.mov(R11, Float.floatToIntBits(BYTE));
        a.op(VPBROADCASTD_GPR, byteFactor, R11);
        for (int p = 0; p < panels; p++) {
            a.op(VMULPS, scales[p], byteFactor, at(RDI, SCALES + ROW_BYTES * p));
        }
        a.mov(R11, ROW_BYTES);
        Label group = a.here();
        a.mov(RCX, at(RDI, W));
        a.mov(RAX, RBX);
        for (int p = 0; p < panels; p++) {
            a.zero(highs(p));
            a.zero(mixed(p));
        }
        Label step = a.here();
        step(a, panels);
        a.add(RDX, X_STEP_BYTES);
        a.add(RCX, W_STEP_BYTES);
        a.prefetch(Assembler.Cache.T1, at(R9));
        a.prefetch(Assembler.Cache.T1, at(R9, R12, 1, 0));
        a.add(R9, LINE);
        for (int i = 0; i < X_LINES; i++) {
            a.prefetch(Assembler.Cache.T1, at(R13, LINE * i));
        }
        a.add(R13, LINE * X_LINES);
        a.dec(RAX);
        a.jump(Condition.NOT_EQUAL, step);
        for (int p = 0; p < panels; p++) {
            a.store(at(RDI, R11, 1, SUMS + TILE_BYTES * p), highs(p));
            a.store(at(RDI, R11, 1, SUMS + TILE_BYTES * (2 + p)), mixed(p));
        }
        for (int t = 0; t < TOKENS; t++) {
            for (int p = 0; p < panels; p++) {
                int place = TILE_BYTES * p + ROW_BYTES * t;
                Vec high = Vec.zmm(16 + 4 * (t % 2) + 2 * p);
                Vec sum = Vec.zmm(17 + 4 * (t % 2) + 2 * p);
                a.op(VCVTDQ2PS, high, at(RDI, SUMS + place));
                a.op(VCVTDQ2PS, sum, at(RDI, SUMS + 2 * TILE_BYTES + place));
                a.op(VFMADD231PS, sum, high, byteFactor);
                a.op(VMULPS, high, scales[p], at(R8, 4 * t).toAll());
                if (adds) {
                    a.op(VFMADD213PS, sum, high, at(R10, place));
                } else {
                    a.op(VMULPS, sum, sum, high);
                }
                a.op(VMOVUPS, at(R10, place), sum);
            }
        }
        a.add(R8, 4 * TOKENS);
        a.add(R10, RESULT_BYTES);
        a.dec(RSI);
        a.jump(Condition.NOT_EQUAL, group);
        a.pop(R13);
        a.pop(R12);
        a.pop(RBX);
        a.releaseTiles();
        a.op(VZEROUPPER);
        a.ret();
        return a.toBytes();
    }

    private static void step(AmxAssembler a, int panels) {
        a.loadOnce(TMM4, at(RDX, R11, 1, 0));
        a.loadOnce(TMM5, at(RDX, R11, 1, TILE_BYTES));
        for (int p = 0; p < panels; p++) {
            a.load(ofW(p), at(RCX, R11, 1, 2 * TILE_BYTES * p));
            a.addByteProducts(highs(p), TMM4, ofW(p));
            a.addByteProducts(mixed(p), TMM5, ofW(p));
        }
        for (int p = 0; p < panels; p++) {
            a.load(ofW(p), at(RCX, R11, 1, 2 * TILE_BYTES * p + TILE_BYTES));
            a.addByteProducts(mixed(p), TMM4, ofW(p));
        }
    }

    private static Tile highs(int panel) {
        return panel == 0 ? TMM0 : TMM1;
    }

    private static Tile mixed(int panel) {
        return panel == 0 ? TMM2 : TMM3;
    }

    private static Tile ofW(int panel) {
        return panel == 0 ? TMM6 : TMM7;
    }

    /// RDI: x, RSI: to, RDX: blocks, RCX: address of the scale, R8: the next x, R9: blocks left, R10: bytes to the next
    /// block's place, R11: the change of these.
    private static byte[] emitPack() {
        var a = new Emitter(IsaLevel.AMX);
        Vec largest = a.v(0);
        Vec temporary = a.v(1);
        Vec magnitude = a.v(2);
        Vec inverse = a.v(3);
        a.fill(magnitude, Integer.MAX_VALUE, R11);
        a.fill(largest, Int16PanelCode.MIN_SCALE, R11);
        a.mov(R8, RDI);
        a.mov(R9, RDX);
        Label measure = a.here();
        for (int i = 0; i < 2; i++) {
            a.and(temporary, magnitude, at(R8, ROW_BYTES * i));
            a.op(VPMAXSD, largest, largest, temporary);
        }
        a.add(R8, 2 * ROW_BYTES);
        a.dec(R9);
        a.jump(Condition.NOT_EQUAL, measure);
        Lanes.across(a, VPMAXSD, largest, temporary, 4);
        a.fill(temporary, Float.floatToIntBits(1 / Int16PanelCode.MAX_WORD), R11);
        a.op(VMULPS, temporary, temporary, largest);
        a.op(VMOVD_TO, RAX, Vec.xmm(temporary.number()));
        a.mov32(at(RCX), RAX);
        a.fill(inverse, Float.floatToIntBits(Int16PanelCode.MAX_WORD), R11);
        a.op(VDIVPS, inverse, inverse, largest);
        Vec half = magnitude;
        a.fill(half, 128, R11);
        a.mov(R9, RDX);
        a.mov(R10, HALF_STEP);
        a.mov(R11, HALF_STEP ^ X_STEP_BYTES - HALF_STEP);
        Label words = a.here();
        for (int i = 0; i < 2; i++) {
            Vec word = a.v(4 + i);
            a.op(VMULPS, word, inverse, at(RDI, ROW_BYTES * i));
            a.op(VCVTPS2DQ, word, word);
            a.op(VPMOVDB, at(RSI, TILE_BYTES + 16 * i), word);
            a.op(VPADDD, word, word, half);
            a.op(VPSRLD, word, word, 8);
            a.op(VPMOVDB, at(RSI, 16 * i), word);
        }
        a.add(RDI, 2 * ROW_BYTES);
        a.add(RSI, R10);
        a.xor(R10, R11);
        a.dec(R9);
        a.jump(Condition.NOT_EQUAL, words);
        Label whole = new Label();
        a.and(RDX, 1);
        a.jump(Condition.EQUAL, whole);
        Vec zero = Vec.ymm(0);
        a.op(VXORPS, zero, zero, zero);
        a.op(VMOVUPS, at(RSI), zero);
        a.op(VMOVUPS, at(RSI, TILE_BYTES), zero);
        a.bind(whole);
        return a.end();
    }
}
