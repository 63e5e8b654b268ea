package glia.kernels.panels;

import static glia.kernels.asm.Gpr.R9;
import static glia.kernels.asm.Gpr.RDI;
import static glia.kernels.asm.Gpr.RDX;
import static glia.kernels.asm.Gpr.RSI;
import static glia.kernels.asm.Mem.at;
import static glia.kernels.asm.Op.VFMADD231PS;
import static glia.kernels.asm.Op.VMULPS;
import static glia.kernels.asm.Op.VPADDD;
import static glia.kernels.asm.Op.VPBROADCASTD;
import static glia.kernels.asm.Op.VPDPBUSD;
import static glia.kernels.asm.Op.VPSLLD;
import static glia.kernels.asm.Op.VPSRAD;
import static glia.kernels.asm.Op.VSUBPS;

import glia.kernels.asm.Vec;
import glia.kernels.code.Emitter;
import glia.kernels.code.IsaLevel;

/// The part of `PanelProduct` that multiplies quants of 4 bits with a single token, in wide vectors, by as few
/// instructions as it can: to the same numbers. Weights come from memory then, and the fewer instructions there are to
/// a line of them, the more lines are on their way at a time, since a processor looks only some hundred instructions
/// ahead.
///
/// Quants of the upper half of each byte are left where they are, sixteen times too large, and added up by themselves:
/// ```
/// n = start + Σ low quants · x,  m = Σ 16 · high quants · x;  n + m / 16, which is exact
/// ```
/// And in place of storing the rows' scales as they are and 1.5 fold, for tokens to choose from (`TileLayout`), they
/// are multiplied with the one or the other for the one token.
final class Int4GemvDots {
    private static final int FIRST = 20;
    private static final int BITS = 4;

    private final Emitter a;
    private final PanelWeights weights;
    private final TileLayout tile;
    private final Vec lowBits;
    private final Vec highBits;
    private final Vec n;
    private final Vec m;
    private final Vec scale;

    Int4GemvDots(Emitter a, PanelWeights weights, TileLayout tile) {
        this.a = a;
        this.weights = weights;
        this.tile = tile;
        lowBits = a.v(FIRST);
        highBits = a.v(FIRST + 1);
        n = a.v(FIRST + 2);
        m = a.v(FIRST + 3);
        scale = a.v(FIRST + 4);
    }

    /// Whether there is code for this.
    static boolean serves(IsaLevel level, PanelFormat format, int tokens) {
        return tokens == 1 && level.isWide() && format.bits == BITS && format != PanelFormat.MXFP4
                && format.scales.halves() == 1;
    }

    /// Before the first block.
    void begin() {
        a.op(VPBROADCASTD, lowBits, at(R9, WorkerScratch.NIBBLES));
        a.op(VPSLLD, highBits, lowBits, BITS);
    }

    /// Leaves the dot product in `n`. The registers of quads are overwritten, with something else than quads.
    ///
    /// @param between is emitted `PanelFormat.QUADS` times
    void dot(Runnable between) {
        a.op(VPBROADCASTD, n, at(RSI, tile.start(0, 0)));
        a.zero(m);
        int half = PanelFormat.QUADS / 2;
        for (int quad = 0; quad < half; quad++) {
            a.and(weights.w(quad), lowBits, at(RDI, a.bytes() * quad));
            a.and(weights.w(half + quad), highBits, at(RDI, a.bytes() * quad));
            a.op(VPDPBUSD, n, weights.w(quad), at(RSI, tile.numbers(0) + 4 * quad).toAll());
            between.run();
            a.op(VPDPBUSD, m, weights.w(half + quad), at(RSI, tile.numbers(0) + 4 * (half + quad)).toAll());
            between.run();
        }
        a.op(VPSRAD, m, m, BITS);
        a.op(VPADDD, n, n, m);
    }

    /// `sum += scales of the rows · scale · n`
    void addScaled(Vec sum) {
        a.mov32(RDX, at(RSI, tile.half(0)));
        a.op(VMULPS, scale, weights.scale(0), at(R9, RDX, 1, WorkerScratch.ONE).toAll());
        a.op(VSUBPS, n, n, at(RSI, tile.scale(0)).toAll());
        a.op(VFMADD231PS, sum, n, scale);
    }
}
