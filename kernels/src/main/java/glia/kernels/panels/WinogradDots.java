package glia.kernels.panels;

import static glia.kernels.asm.Gpr.R9;
import static glia.kernels.asm.Mem.at;
import static glia.kernels.asm.Op.VMOVUPS;
import static glia.kernels.asm.Op.VPADDB;
import static glia.kernels.asm.Op.VPADDD;
import static glia.kernels.asm.Op.VPBROADCASTD;
import static glia.kernels.asm.Op.VPDPBUSD;
import static glia.kernels.asm.Op.VPSUBD;

import glia.kernels.asm.Mem;
import glia.kernels.asm.Operand;
import glia.kernels.asm.Vec;
import glia.kernels.code.Emitter;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.Processor;
import glia.tensor.Precision;

/// The part of `PanelProduct` and `TwoPanelProduct` that multiplies quants of 4 bits with many tokens, by fewer
/// multiplications than `PanelDots`, to the same whole numbers. Two products are one product of sums, and two that each
/// belong to one side alone:
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
    private final int first;
    private final PanelWeights[] weights;

    /// @param first its first register
    /// @param weights of one panel, or of two that are multiplied with the same numbers
    WinogradDots(Emitter a, int first, PanelWeights... weights) {
        this.a = a;
        this.first = first;
        this.weights = weights;
    }

    /// Whether this is faster than `PanelDots`: not where the units that add are those that multiply.
    static boolean pays(IsaLevel level, int tokens) {
        return level.isWide() && tokens >= LEAST_TOKENS && !Processor.here().isIntel();
    }

    /// How many registers there are of its own.
    int registers() {
        return weights.length + (weights.length == 1 ? 2 : 4);
    }

    /// Computes what belongs to the weights, `-Σ (w₁ + 128)·w₂`: the products of sums with activations of 0.
    void ofWeights() {
        Vec[] all = new Vec[weights.length];
        for (int p = 0; p < all.length; p++) {
            all[p] = ofWeightsAlone(p);
            a.zero(all[p]);
        }
        for (int quad = 0; quad < PAIRS; quad++) {
            inSums(all, quad, at(R9, WorkerScratch.MINUS_MIDDLE), at(R9, WorkerScratch.RAISE));
        }
        Vec zero = own(0);
        a.zero(zero);
        for (Vec sum : all) {
            a.op(VPSUBD, sum, zero, sum);
        }
    }

    /// The dot products of some tokens.
    ///
    /// @param n where they come, of each token those of all panels
    /// @param starts what those of each token begin with
    /// @param areFirst whether what belongs to the weights has just been computed: then it is added at the end
    /// @param between is emitted `HALF` times
    void dots(Vec[][] n, Mem[] starts, Mem[] numbers, boolean areFirst, Runnable between) {
        for (int j = 0; j < numbers.length; j++) {
            start(n[j], starts[j], areFirst);
        }
        for (int quad = 0; quad < PAIRS; quad++) {
            for (int j = 0; j < numbers.length; j++) {
                inSums(n[j], quad, numbers[j].plus(4 * quad), numbers[j].plus(4 * (HALF + quad)));
            }
            between.run();
            for (int j = 0; j < numbers.length; j++) {
                plainly(n[j], numbers[j], PAIRS + quad);
                plainly(n[j], numbers[j], HALF + PAIRS + quad);
            }
            between.run();
        }
        for (int j = 0; j < numbers.length && areFirst; j++) {
            for (int p = 0; p < weights.length; p++) {
                a.op(VPADDD, n[j][p], n[j][p], ofWeightsAlone(p));
            }
        }
    }

    private void start(Vec[] n, Mem start, boolean areFirst) {
        if (areFirst) {
            a.op(VPBROADCASTD, n[0], start);
            for (int p = 1; p < n.length; p++) {
                a.op(VMOVUPS, n[p], n[0]);
            }
            return;
        }
        Operand broadcast = broadcast(0, start);
        for (int p = 0; p < n.length; p++) {
            a.op(VPADDD, n[p], ofWeightsAlone(p), broadcast);
        }
    }

    /// `n += Σ (w₁ + x₂ + 128)·(w₂ + x₁)`
    ///
    /// @param first where `x₁ - 8` lies
    /// @param second where `x₂ + 120` lies
    private void inSums(Vec[] n, int quad, Mem first, Mem second) {
        Operand toRaised = broadcast(0, second);
        Vec raised = own(0);
        Vec lowered = own(1);
        // The second panel needs it once more.
        Vec toLowered = n.length == 1 ? lowered : own(3);
        a.op(VPBROADCASTD, toLowered, first);
        for (int p = 0; p < n.length; p++) {
            a.op(VPADDD, raised, weights[p].w(quad), toRaised);
            a.op(VPADDB, lowered, weights[p].w(HALF + quad), toLowered);
            a.op(VPDPBUSD, n[p], raised, lowered);
        }
    }

    /// `n += Σ q·x`
    private void plainly(Vec[] n, Mem numbers, int quad) {
        Operand x = broadcast(quad & 1, numbers.plus(4 * quad));
        for (int p = 0; p < n.length; p++) {
            a.op(VPDPBUSD, n[p], weights[p].w(quad), x);
        }
    }

    /// A number for all lanes: by the instruction that takes it, if that is one, else from a register.
    private Operand broadcast(int which, Mem number) {
        if (weights.length == 1) {
            return number.toAll();
        }
        Vec to = own(2 + which);
        a.op(VPBROADCASTD, to, number);
        return to;
    }

    private Vec ofWeightsAlone(int p) {
        return a.v(first + p);
    }

    private Vec own(int i) {
        return a.v(first + weights.length + i);
    }
}
