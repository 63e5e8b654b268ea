package glia.tensor.kernel.emitted;

import static glia.tensor.asm.Gpr.R9;
import static glia.tensor.asm.Mem.at;
import static glia.tensor.asm.Op.VPADDB;
import static glia.tensor.asm.Op.VPADDD;
import static glia.tensor.asm.Op.VPBROADCASTD;
import static glia.tensor.asm.Op.VPDPBUSD;
import static glia.tensor.asm.Op.VPSUBD;

import glia.tensor.Precision;
import glia.tensor.asm.Mem;
import glia.tensor.asm.Vec;

/// The part of `PanelProduct` that multiplies quants of 4 bits with many tokens, by fewer multiplications than
/// `PanelDots`, to the same whole numbers. Two products are one product of sums, and two that each belong to one side
/// alone:
/// ```
/// w₁·x₁ + w₂·x₂ = (w₁ + x₂)·(w₂ + x₁) - w₁·w₂ - x₁·x₂
/// ```
/// S. Winograd, "A New Algorithm for Inner Product", IEEE Transactions on Computers C-17 (1968), 693-694,
/// <https://doi.org/10.1109/TC.1968.227420>. The last two are made once for all tokens, here, and once for all rows
/// (`TileLayout`).
///
/// AMD's processors multiply bytes on two units and add them on four. Half of a block's columns are multiplied in sums:
/// with none the units that only add are idle, with all those that multiply. For each token and block that is 6
/// multiplications and 4 additions of bytes in place of 8 multiplications.
///
/// Sums must fit bytes, the first unsigned, the second signed. With `w = q - 8`, quants q from 0 to 15, and |x| up to
/// 120 that is just so:
/// ```
/// (w₁ + x₂ + 128)·(w₂ + x₁) = w₁·x₁ + w₂·x₂ + (w₁ + 128)·w₂ + (x₂ + 128)·x₁
/// w₁ + x₂ + 128 = q₁ + (x₂ + 120)    from 0 to 255
/// w₂ + x₁       = q₂ + (x₁ - 8)      from -128 to 127
/// ```
/// x₁ is of the first 8 columns of a block, x₂ of the first 8 of its second half.
final class WinogradDots {
    /// What quants are counted from.
    static final int MIDDLE = 8;
    /// What makes x₂ unsigned.
    static final int RAISE = Precision.STEPS;
    /// How many quads x₁ has, and x₂.
    static final int PAIRS = 2;
    /// The same in columns.
    static final int COLS = 4 * PAIRS;
    /// Tokens at a time, so that none waits for its own sum.
    static final int TOKENS = 3;
    /// Quads of half a block.
    static final int HALF = PanelFormat.QUADS / 2;
    /// From so many tokens on what is computed of the weights alone is worth its time.
    private static final int LEAST_TOKENS = 6;

    private final Emitter a;
    private final PanelWeights weights;

    WinogradDots(Emitter a, PanelWeights weights) {
        this.a = a;
        this.weights = weights;
    }

    /// Whether this is faster than `PanelDots`: not where the units that add are those that multiply.
    static boolean pays(Level level, int tokens) {
        return level.isWide() && tokens >= LEAST_TOKENS && !Processor.here().isIntel();
    }

    /// Computes what belongs to the weights, `-Σ (w₁ + 128)·w₂`: the products of sums with activations of 0.
    void ofWeights() {
        Vec all = n(0);
        a.zero(all);
        for (int quad = 0; quad < PAIRS; quad++) {
            inSums(all, quad, at(R9, WorkArea.MINUS_MIDDLE), at(R9, WorkArea.RAISE));
        }
        a.zero(ofWeightsAlone());
        a.op(VPSUBD, ofWeightsAlone(), ofWeightsAlone(), all);
    }

    /// The dot products of up to `TOKENS` tokens, in registers that hold until the next call.
    ///
    /// @param starts what each begins with
    /// @param areFirst whether what belongs to the weights has just been computed: then it is added at the end
    /// @param between is emitted `HALF` times
    Vec[] dots(Mem[] starts, Mem[] numbers, boolean areFirst, Runnable between) {
        Vec[] n = new Vec[numbers.length];
        for (int j = 0; j < n.length; j++) {
            n[j] = n(j);
            if (areFirst) {
                a.op(VPBROADCASTD, n[j], starts[j]);
            } else {
                a.op(VPADDD, n[j], ofWeightsAlone(), starts[j].toAll());
            }
        }
        for (int quad = 0; quad < PAIRS; quad++) {
            for (int j = 0; j < n.length; j++) {
                inSums(n[j], quad, numbers[j].plus(4 * quad), numbers[j].plus(4 * (HALF + quad)));
            }
            between.run();
            for (int j = 0; j < n.length; j++) {
                plainly(n[j], numbers[j], PAIRS + quad);
                plainly(n[j], numbers[j], HALF + PAIRS + quad);
            }
            between.run();
        }
        for (int j = 0; j < n.length && areFirst; j++) {
            a.op(VPADDD, n[j], n[j], ofWeightsAlone());
        }
        return n;
    }

    /// `n += Σ (w₁ + x₂ + 128)·(w₂ + x₁)`
    ///
    /// @param first where `x₁ - 8` lies
    /// @param second where `x₂ + 120` lies
    private void inSums(Vec n, int quad, Mem first, Mem second) {
        Vec raised = sum(0);
        Vec lowered = sum(1);
        a.op(VPADDD, raised, weights.w(quad), second.toAll());
        a.op(VPBROADCASTD, lowered, first);
        a.op(VPADDB, lowered, weights.w(HALF + quad), lowered);
        a.op(VPDPBUSD, n, raised, lowered);
    }

    /// `n += Σ q·x`
    private void plainly(Vec n, Mem numbers, int quad) {
        a.op(VPDPBUSD, n, weights.w(quad), numbers.plus(4 * quad).toAll());
    }

    private Vec ofWeightsAlone() {
        return a.v(weights.firstFree());
    }

    private Vec n(int j) {
        return a.v(weights.firstFree() + 1 + j);
    }

    private Vec sum(int which) {
        return a.v(weights.firstFree() + 1 + TOKENS + which);
    }
}
