package glia.tensor.kernel.emitted;

import static glia.tensor.asm.Condition.BELOW;
import static glia.tensor.asm.Condition.EQUAL;
import static glia.tensor.asm.Condition.NOT_EQUAL;
import static glia.tensor.asm.Gpr.R10;
import static glia.tensor.asm.Gpr.R11;
import static glia.tensor.asm.Gpr.R8;
import static glia.tensor.asm.Gpr.R9;
import static glia.tensor.asm.Gpr.RAX;
import static glia.tensor.asm.Gpr.RCX;
import static glia.tensor.asm.Gpr.RDI;
import static glia.tensor.asm.Gpr.RDX;
import static glia.tensor.asm.Gpr.RSI;
import static glia.tensor.asm.Mem.at;
import static glia.tensor.asm.Op.*;
import static glia.tensor.asm.Vec.zmm;

import glia.tensor.asm.Assembler;
import glia.tensor.asm.Label;
import glia.tensor.asm.Mask;
import glia.tensor.asm.Mem;
import glia.tensor.asm.Vec;

/// Emits the product of a panel of 16 rows (`PanelFormat`) with a tile of 1 to 16 tokens (`TileLayout`) for processors
/// with AVX-512 VNNI. Lane r of a vector is row r.
/// ```
/// for each block of 32 columns:
///     w[0..7] = quants                              8 vectors of quads
///     ws      = scales of the rows
///     for each token, several at a time:
///         n   = correction                          whole numbers
///         n  += w[i] · quad i of the token          8 times: 4 products and additions in each lane
///         sum[token] += ws · (scale of the token · n)
///     for each low term: the same, but its sum lies in memory
/// result = sums
/// ```
/// Arguments: the panel, the tile, the result for row 0 and token 0 (F32), entries of scales in a row (blocks, or
/// superblocks), bytes from one token's result to the next, the worker's `WorkArea`. Only registers that a function
/// may change are used, and no stack.
final class PanelProduct {
    private static final Mask ROWS = Mask.K1;
    private static final int LINE = 64;
    /// How far ahead one token's product asks for weights: it hardly computes, and lives on the second cache.
    private static final int BYTES_AHEAD = 4096;
    /// How far ahead products of more tokens ask.
    private static final int BLOCKS_AHEAD = 16;

    private final Assembler a = new Assembler();
    private final PanelFormat format;
    private final TileLayout tile;
    private final int tokens;
    private final boolean fromMemory;
    private final int halves;
    private final int firstTemporary;

    private PanelProduct(PanelFormat format, int tokens, boolean fromMemory) {
        this.format = format;
        this.tokens = tokens;
        this.fromMemory = fromMemory;
        tile = format.tile(tokens);
        halves = format.scales.halves();
        firstTemporary = minimum(0).number() + (format.scales.hasMin() ? halves : 0);
    }

    /// The code for this many tokens.
    ///
    /// @param fromMemory whether the panel has to come from memory, so that it is asked for in advance
    static byte[] emit(PanelFormat format, int tokens, boolean fromMemory) {
        return new PanelProduct(format, tokens, fromMemory).emit();
    }

    private byte[] emit() {
        begin();
        Label next = a.here();
        switch (format.scales) {
            case ONE, POWER, WITH_MIN -> block();
            case SUPER_WITH_MIN, SUPER_HALVES, SUPER_HALVES_WITH_MIN -> {
                int own = format.scales.blocks * format.scales.blockBytes;
                a.lea(R11, at(R10, own));
                Label inner = a.here();
                block();
                a.cmp(R10, R11);
                a.jump(BELOW, inner);
                a.add(R10, format.scales.sizeBytes - own);
            }
        }
        a.dec(RCX);
        a.jump(NOT_EQUAL, next);
        end();
        return a.toBytes();
    }

    /// R10 = the scales; sums are 0.
    private void begin() {
        a.mov(at(R9, WorkArea.RESULT), RDX);
        a.mov32(RAX, at(R9, WorkArea.ROWS));
        a.op(KMOVW, ROWS, RAX);
        a.mov(R10, format.blockBytes() * format.scales.blocks);
        a.imul(R10, RCX);
        a.add(R10, RDI);
        for (int t = 0; t < tokens; t++) {
            a.op(VPXORD, sum(t), sum(t), sum(t));
            a.op(VMOVUPS, at(R9, WorkArea.SUMS + 64 * t), sum(t));
        }
    }

    private void end() {
        a.mov(RDX, at(R9, WorkArea.RESULT));
        for (int t = 0; t < tokens; t++) {
            a.op(VADDPS, sum(t), sum(t), at(R9, WorkArea.SUMS + 64 * t));
            a.op(VMOVUPS, at(RDX).under(ROWS), sum(t));
            a.add(RDX, R8);
        }
        a.op(VZEROUPPER);
        a.ret();
    }

    private void block() {
        prefetch();
        quants();
        scales();
        int numGroups = Math.ceilDiv(tokens, Math.min(6, 32 - tokens - firstTemporary) / halves);
        for (int i = 0; i < numGroups; i++) {
            tokens(i * tokens / numGroups, (i + 1) * tokens / numGroups);
        }
        lowTerms();
        a.add(RDI, format.blockBytes());
        a.add(R10, format.scales.blockBytes);
    }

    /// Asks for the lines of a block that comes later, and for scales: past the panel's end, where the next one begins,
    /// it does no harm.
    private void prefetch() {
        if (fromMemory) {
            int blocks = tokens == 1 ? BYTES_AHEAD / format.blockBytes() : BLOCKS_AHEAD;
            Assembler.Cache cache = tokens == 1 ? Assembler.Cache.T1 : Assembler.Cache.T0;
            for (int line = 0; line < format.blockBytes(); line += LINE) {
                a.prefetch(cache, at(RDI, blocks * format.blockBytes() + line));
            }
            a.prefetch(cache, at(R10, blocks * format.scales.sizeBytes / format.scales.blocks));
        }
    }

    // ---- weights -------------------------------------------------------------------------------------------------

    /// w = 8 vectors of quads.
    private void quants() {
        if (format.bits == 8) {
            for (int i = 0; i < 8; i++) {
                a.op(VMOVDQU32, w(i), at(RDI, 64 * i));
            }
            return;
        }
        if (format.bits < 4) {
            pairs();
        } else {
            nibbles();
        }
        switch (format.bits) {
            case 3 -> highBits(128, WorkArea.THIRD, 1);
            case 5 -> highBits(256, WorkArea.FIFTH, 1);
            case 6 -> highBits(256, WorkArea.FIFTH_AND_SIXTH, 2);
            default -> { }
        }
        if (format == PanelFormat.MXFP4) {
            a.op(VBROADCASTI32X4, temporary(0), at(R9, WorkArea.E2M1));
            for (int i = 0; i < 8; i++) {
                a.op(VPSHUFB, w(i), temporary(0), w(i));
            }
        }
    }

    /// The low four bits of all quants.
    private void nibbles() {
        Vec which = temporary(0);
        a.op(VPBROADCASTD, which, at(R9, WorkArea.NIBBLES));
        for (int m = 0; m < 4; m++) {
            a.op(VMOVDQU32, w(m + 4), at(RDI, 64 * m));
            a.op(VPANDD, w(m), which, w(m + 4));
            a.op(VPSRLW, w(m + 4), w(m + 4), 4);
            a.op(VPANDD, w(m + 4), which, w(m + 4));
        }
    }

    /// The low two bits of all quants.
    private void pairs() {
        Vec which = temporary(0);
        a.op(VPBROADCASTD, which, at(R9, WorkArea.PAIRS));
        for (int half = 0; half < 2; half++) {
            Vec all = w(4 * half + 3);
            a.op(VMOVDQU32, all, at(RDI, 64 * half));
            for (int i = 0; i < 4; i++) {
                a.op(VPSRLD, w(4 * half + i), all, 2 * i);
                a.op(VPANDD, w(4 * half + i), w(4 * half + i), which);
            }
        }
    }

    /// Adds the bits of a constant to all quants: those of quad i lie `width · i` bits high, 8 / width quads a vector.
    private void highBits(int place, int constant, int width) {
        Vec which = temporary(0);
        Vec high = temporary(1);
        Vec shifted = temporary(2);
        int lowest = format.bits - width;
        a.op(VPBROADCASTD, which, at(R9, constant));
        for (int i = 0; i < 8; i++) {
            int bit = width * i % 8;
            if (bit == 0) {
                a.op(VMOVDQU32, high, at(RDI, place + 64 * (width * i / 8)));
            }
            if (bit <= lowest) {
                a.op(VPSLLD, shifted, high, lowest - bit);
            } else {
                a.op(VPSRLD, shifted, high, bit - lowest);
            }
            // w | shifted & which
            a.op(VPTERNLOGD, w(i), shifted, which, 0xf8);
        }
    }

    /// The rows' scales and minima as F32.
    private void scales() {
        switch (format.scales) {
            case ONE -> a.op(VCVTPH2PS, scale(0), at(R10));
            case POWER -> {
                a.op(VPMOVZXBD, scale(0), at(R10));
                a.op(VCVTDQ2PS, scale(0), scale(0));
                a.op(VADDPS, scale(0), scale(0), at(R9, WorkArea.MINUS_128).toAll());
                a.op(VBROADCASTSS, temporary(0), at(R9, WorkArea.ONE));
                a.op(VSCALEFPS, scale(0), temporary(0), scale(0));
            }
            case WITH_MIN -> {
                a.op(VCVTPH2PS, scale(0), at(R10));
                a.op(VCVTPH2PS, minimum(0), at(R10, 32));
            }
            case SUPER_WITH_MIN, SUPER_HALVES_WITH_MIN -> {
                for (int half = 0; half < halves; half++) {
                    scaled(scale(half), at(R10, 16 * half), at(R11), false);
                    scaled(minimum(half), at(R10, 16 * (halves + half)), at(R11, 32), false);
                }
            }
            case SUPER_HALVES -> {
                for (int half = 0; half < halves; half++) {
                    scaled(scale(half), at(R10, 16 * half), at(R11), true);
                }
            }
        }
    }

    /// `to = byte · half precision number`
    private void scaled(Vec to, Mem bytes, Mem halves, boolean signed) {
        Vec d = temporary(0);
        a.op(VCVTPH2PS, d, halves);
        a.op(signed ? VPMOVSXBD : VPMOVZXBD, to, bytes);
        a.op(VCVTDQ2PS, to, to);
        a.op(VMULPS, to, to, d);
    }

    // ---- activations ---------------------------------------------------------------------------------------------

    /// Adds the block's part to the sums of some tokens, all at a time, so that none waits for another.
    private void tokens(int from, int to) {
        for (int half = 0; half < halves; half++) {
            for (int t = from; t < to; t++) {
                start(temporary(halves * (t - from) + half), correction(half, t));
            }
            for (int i = 8 / halves * half; i < 8 / halves * (half + 1); i++) {
                for (int t = from; t < to; t++) {
                    a.op(VPDPBUSD, temporary(halves * (t - from) + half), w(i),
                            at(RSI, tile.numbers(t) + 4 * i).toAll());
                }
            }
        }
        for (int t = from; t < to; t++) {
            finish(sum(t), temporary(halves * (t - from)), at(RSI, tile.scale(t)).toAll());
            for (int half = 0; half < tile.sums(); half++) {
                boolean adds = format.scales == PanelFormat.Scales.WITH_MIN;
                a.op(adds ? VFMADD231PS : VFNMADD231PS, sum(t), minimum(half), at(RSI, tile.sum(half, t)).toAll());
            }
        }
    }

    /// What a dot product begins with.
    private void start(Vec n, Mem correction) {
        if (tile.corrections() == 0) {
            a.op(VPXORD, n, n, n);
        } else {
            a.op(VPBROADCASTD, n, correction);
        }
    }

    private Mem correction(int half, int token) {
        return tile.corrections() == 0 ? at(RSI) : at(RSI, tile.correction(half, token));
    }

    /// `sum += scales of the rows · n · scale of the token`; with halves the second's n is in the next register.
    private void finish(Vec sum, Vec n, Mem tokenScale) {
        a.op(VCVTDQ2PS, n, n);
        if (halves == 1) {
            a.op(VMULPS, n, n, tokenScale);
            a.op(VFMADD231PS, sum, n, scale(0));
        } else {
            Vec other = zmm(n.number() + 1);
            a.op(VCVTDQ2PS, other, other);
            a.op(VMULPS, n, n, scale(0));
            a.op(VFMADD231PS, n, other, scale(1));
            a.op(VFMADD231PS, sum, n, tokenScale);
        }
    }

    /// Adds the low terms of the block; RSI = the next block.
    private void lowTerms() {
        Label next = new Label();
        Label none = new Label();
        Vec n = temporary(0);
        Vec sum = temporary(2);
        a.mov32(RAX, at(RSI, tile.count()));
        a.add(RSI, tile.blockBytes());
        a.test(RAX, RAX);
        a.jump(EQUAL, none);
        a.bind(next);
        for (int half = 0; half < halves; half++) {
            Vec part = temporary(half);
            start(part, at(RSI, tile.lowCorrection(half)));
            for (int i = 8 / halves * half; i < 8 / halves * (half + 1); i++) {
                a.op(VPDPBUSD, part, w(i), at(RSI, 4 * i).toAll());
            }
        }
        a.mov32(RDX, at(RSI, tile.lowPlace()));
        Mem place = at(R9, RDX, 1, WorkArea.SUMS);
        a.op(VMOVUPS, sum, place);
        finish(sum, n, at(RSI, tile.lowScale()).toAll());
        a.op(VMOVUPS, place, sum);
        a.add(RSI, tile.lowBytes());
        a.dec(RAX);
        a.jump(NOT_EQUAL, next);
        a.bind(none);
    }

    // ---- registers -----------------------------------------------------------------------------------------------

    private Vec w(int quad) {
        return zmm(quad);
    }

    private Vec sum(int token) {
        return zmm(32 - tokens + token);
    }

    private Vec scale(int half) {
        return zmm(8 + half);
    }

    private Vec minimum(int half) {
        return zmm(8 + halves + half);
    }

    private Vec temporary(int i) {
        return zmm(firstTemporary + i);
    }
}
