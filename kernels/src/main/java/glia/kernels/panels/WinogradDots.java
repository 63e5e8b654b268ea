package glia.kernels.panels;

import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Gpr.R9;
import static glia.kernels.asm.Operand.Mem.at;

import glia.kernels.asm.Operand;
import glia.kernels.code.Emitter;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.Processor;
import glia.tensor.Precision;

/// The part of `PanelProduct` and `TwoPanelProduct` that multiplies 4-bit quants by many tokens with fewer
/// multiplications than `PanelDots`, by Winograd's inner product. Two products become one product of sums, and two that
/// depend on one side only:
/// ```
/// w₁·x₁ + w₂·x₂ = (w₁ + x₂)·(w₂ + x₁) - w₁·w₂ - x₁·x₂
/// ```
/// S. Winograd, "A New Algorithm for Inner Product", IEEE Transactions on Computers C-17 (1968), 693-694,
/// <https://doi.org/10.1109/TC.1968.227420>. The last two are computed once for all tokens, here, and once for all rows
/// (`TileLayout`). The integers are the same.
///
/// AMD's processors multiply bytes on two units and add them on four. Half of a block's columns use products of sums:
/// with none of them the add-only units would be idle, with all of them the multiply units. For each token and block
/// this takes 6 multiplications and 4 additions of bytes instead of 8 multiplications.
///
/// Sums must fit bytes, the first unsigned, the second signed. They do with `w = q - 8`, quants q from 0 to 15, and |x|
/// up to 120:
/// ```
/// (w₁ + x₂ + 128)·(w₂ + x₁) = w₁·x₁ + w₂·x₂ + (w₁ + 128)·w₂ + (x₂ + 128)·x₁
/// w₁ + x₂ + 128 = q₁ + (x₂ + 120)    from 0 to 255
/// w₂ + x₁       = q₂ + (x₁ - 8)      from -128 to 127
/// ```
/// x₁ is from the first 8 columns of a block, x₂ from the first 8 of its second half.
final class WinogradDots {
    /// The offset of quants.
    static final int MIDDLE = 8;
    /// The offset that makes x₂ unsigned.
    static final int RAISE = Precision.STEPS;
    /// The number of quads of x₁, and of x₂.
    static final int PAIRS = 2;
    /// The same in columns.
    static final int COLS = 4 * PAIRS;
    /// Tokens at a time, so that none waits for its own sum.
    static final int TOKENS = 3;
    /// Quads of half a block.
    static final int HALF = PanelFormat.QUADS / 2;
    /// The number of tokens from which on the terms of the weights pay off.
    private static final int MIN_TOKENS = 6;

    private final Emitter a;
    private final int first;
    private final PanelWeights[] weights;

    /// @param first its first register
    /// @param weights of one panel, or of two that are multiplied by the same activations
    WinogradDots(Emitter a, int first, PanelWeights... weights) {
        this.a = a;
        this.first = first;
        this.weights = weights;
    }

    /// Whether this is faster than `PanelDots`, which requires more units for additions than for multiplications.
    static boolean paysOff(IsaLevel level, int tokens) {
        return level.isWide() && tokens >= MIN_TOKENS && !Processor.here().isIntel();
    }

    /// The number of registers it uses.
    int registers() {
        return weights.length + (weights.length == 1 ? 2 : 4);
    }

    /// Computes the terms of the weights, `-Σ (w₁ + 128)·w₂`: the products of sums with activations of 0.
    void ofWeights() {
        Vec[] all = new Vec[weights.length];
        for (int p = 0; p < all.length; p++) {
            all[p] = ofWeightsAlone(p);
            a.zero(all[p]);
        }
        for (int quad = 0; quad < PAIRS; quad++) {
            productsOfSums(all, quad, at(R9, WorkerScratch.MINUS_MIDDLE), at(R9, WorkerScratch.RAISE));
        }
        Vec zero = own(0);
        a.zero(zero);
        for (Vec sum : all) {
            a.op(VPSUBD, sum, zero, sum);
        }
    }

    /// Computes the dot products of some tokens.
    ///
    /// @param n the results, for each token those of all panels
    /// @param starts the initial values of each token
    /// @param areFirst whether the terms of the weights have just been computed and are added at the end
    /// @param between is emitted `HALF` times
    void dots(Vec[][] n, Mem[] starts, Mem[] numbers, boolean areFirst, Runnable between) {
        for (int j = 0; j < numbers.length; j++) {
            start(n[j], starts[j], areFirst);
        }
        for (int quad = 0; quad < PAIRS; quad++) {
            for (int j = 0; j < numbers.length; j++) {
                productsOfSums(n[j], quad, numbers[j].plus(4 * quad), numbers[j].plus(4 * (HALF + quad)));
            }
            between.run();
            for (int j = 0; j < numbers.length; j++) {
                products(n[j], numbers[j], PAIRS + quad);
                products(n[j], numbers[j], HALF + PAIRS + quad);
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
    /// @param first the address of `x₁ - 8`
    /// @param second the address of `x₂ + 120`
    private void productsOfSums(Vec[] n, int quad, Mem first, Mem second) {
        Operand toRaised = broadcast(0, second);
        Vec raised = own(0);
        Vec lowered = own(1);
        // The second panel needs it again.
        Vec toLowered = n.length == 1 ? lowered : own(3);
        a.op(VPBROADCASTD, toLowered, first);
        for (int p = 0; p < n.length; p++) {
            a.op(VPADDD, raised, weights[p].w(quad), toRaised);
            a.op(VPADDB, lowered, weights[p].w(HALF + quad), toLowered);
            a.op(VPDPBUSD, n[p], raised, lowered);
        }
    }

    /// `n += Σ q·x`
    private void products(Vec[] n, Mem numbers, int quad) {
        Operand x = broadcast(quad & 1, numbers.plus(4 * quad));
        for (int p = 0; p < n.length; p++) {
            a.op(VPDPBUSD, n[p], weights[p].w(quad), x);
        }
    }

    /// A broadcast value: by the instruction if there is one use, otherwise from a register.
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
