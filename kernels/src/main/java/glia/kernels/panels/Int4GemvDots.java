package glia.kernels.panels;

import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;
import static glia.kernels.asm.Op.*;

import glia.kernels.asm.Operand.Vec;
import glia.kernels.code.Emitter;
import glia.kernels.code.IsaLevel;

/// The part of `PanelProduct` that multiplies 4-bit quants by a single token, with wide vectors and as few instructions
/// as possible. GEMV is bound by memory: the fewer instructions for a cache line, the more lines a processor, which
/// looks a few hundred instructions ahead, loads at once.
///
/// Quants in the upper half of a byte are not shifted. They are 16 times too large and summed separately:
/// ```
/// n = start + Σ low quants · x,  m = Σ 16 · high quants · x;  n + m / 16, which is exact
/// ```
/// And the rows' scales are multiplied by 1 or 1.5 for the one token, instead of being stored both ways for many tokens
/// (`TileLayout`). The results have the same bits as `PanelDots`.
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

    /// Whether this case is supported.
    static boolean supports(IsaLevel level, PanelFormat format, int tokens) {
        return tokens == 1 && level.isWide() && format.isPlain4Bits() && format.scales.halves() == 1;
    }

    /// Emits the code before the first block.
    void begin() {
        a.op(VPBROADCASTD, lowBits, at(R9, WorkerScratch.NIBBLES));
        a.op(VPSLLD, highBits, lowBits, BITS);
    }

    /// Computes the dot product in `n`. Overwrites the registers of quads with other values.
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

    /// Computes `sum += scales of the rows · scale · n`.
    void addScaled(Vec sum) {
        a.mov32(RDX, at(RSI, tile.half(0)));
        a.op(VMULPS, scale, weights.scale(0), at(R9, RDX, 1, WorkerScratch.ONE).toAll());
        a.op(VSUBPS, n, n, at(RSI, tile.scale(0)).toAll());
        a.op(VFMADD231PS, sum, n, scale);
    }
}
