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

    private final Assembler a = new Assembler();
    private final PanelFormat format;
    private final TileLayout tile;
    private final int tokens;
    private final boolean fromMemory;
    private final PanelWeights weights;
    private final int halves;

    private PanelProduct(PanelFormat format, int tokens, boolean fromMemory) {
        this.format = format;
        this.tokens = tokens;
        this.fromMemory = fromMemory;
        tile = format.tile(tokens);
        halves = format.scales.halves();
        weights = new PanelWeights(a, format);
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
        if (fromMemory) {
            weights.prefetch(tokens);
        }
        weights.load();
        int numGroups = Math.ceilDiv(tokens, Math.min(6, 32 - tokens - weights.firstFree()) / halves);
        for (int i = 0; i < numGroups; i++) {
            tokens(i * tokens / numGroups, (i + 1) * tokens / numGroups);
        }
        lowTerms();
        weights.next();
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
                    a.op(VPDPBUSD, temporary(halves * (t - from) + half), weights.w(i),
                            at(RSI, tile.numbers(t) + 4 * i).toAll());
                }
            }
        }
        for (int t = from; t < to; t++) {
            finish(sum(t), temporary(halves * (t - from)), at(RSI, tile.scale(t)).toAll());
            for (int half = 0; half < tile.sums(); half++) {
                boolean adds = format.scales == PanelFormat.Scales.WITH_MIN;
                a.op(adds ? VFMADD231PS : VFNMADD231PS, sum(t), weights.minimum(half),
                        at(RSI, tile.sum(half, t)).toAll());
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
            a.op(VFMADD231PS, sum, n, weights.scale(0));
        } else {
            Vec other = zmm(n.number() + 1);
            a.op(VCVTDQ2PS, other, other);
            a.op(VMULPS, n, n, weights.scale(0));
            a.op(VFMADD231PS, n, other, weights.scale(1));
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
                a.op(VPDPBUSD, part, weights.w(i), at(RSI, 4 * i).toAll());
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

    private Vec sum(int token) {
        return zmm(32 - tokens + token);
    }

    private Vec temporary(int i) {
        return zmm(weights.firstFree() + i);
    }
}
