package glia.kernels.panels;

import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;

import glia.kernels.asm.Assembler;
import glia.kernels.asm.Operand;
import glia.kernels.code.Emitter;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.Processor;

/// Emits the micro-kernel of `PanelProduct` for two neighboring panels at once, with wide vectors: each quad of a token
/// is broadcast to a register once and multiplied by those of both panels. `PanelProduct` needs twelve loads for each
/// token and block, eight of them quads, which take six cycles at two loads a cycle; its multiplications take four
/// cycles on Zen 5, at two a cycle. Here it is seven loads for each token, block and panel. The quads of two panels
/// fill 16 registers, so the accumulators are in the L1 cache, which adds a load and a store.
///
/// The results have the same bits. Arguments: as for `PanelProduct`; R8 then holds the bytes from the first panel to
/// the second.
final class TwoPanelProduct {
    static final int PANELS = 2;
    /// The number of tokens from which on this pays off, regardless of the last tile; with fewer the weights are the
    /// limit.
    static final int MIN_TOKENS = 8;
    /// Maximal number of tokens at a time.
    private static final int TOKENS = 4;
    private static final int FIRST_FREE = PANELS * PanelFormat.QUADS;
    private static final int REGISTERS = 32;

    private final Emitter a;
    private final TileLayout tile;
    private final int tokens;
    private final boolean fromMemory;
    private final PanelWeights[] weights = new PanelWeights[PANELS];
    private final WinogradDots winograd;
    private final int halves;
    /// The first register of integer sums, and the quads broadcast at a time.
    private final int numbers;
    private final Vec one;
    private final Vec other;
    private int quadsSoFar;

    private TwoPanelProduct(IsaLevel level, PanelFormat format, int tokens, boolean fromMemory) {
        a = new Emitter(level);
        this.tokens = tokens;
        this.fromMemory = fromMemory;
        tile = format.tile(level, tokens);
        halves = format.scales.halves();
        for (int p = 0; p < PANELS; p++) {
            weights[p] = new PanelWeights(a, format, p, PANELS);
        }
        one = a.v(FIRST_FREE);
        other = a.v(FIRST_FREE + 1);
        winograd = tile.isWinograd() ? new WinogradDots(a, FIRST_FREE + 2, weights) : null;
        numbers = FIRST_FREE + 2 + (tile.isWinograd() ? winograd.registers() : 0);
    }

    /// Whether this is faster than one panel at a time, for `MIN_TOKENS` or more. Zen 4 multiplies one vector a cycle,
    /// so loads are not its limit; Intel's processors have not been measured.
    static boolean paysOff(IsaLevel level) {
        return level.isWide() && Processor.here().isZen5();
    }

    /// The code for this many tokens.
    ///
    /// @param fromMemory whether the panels come from memory, so that they are prefetched
    static byte[] emit(IsaLevel level, PanelFormat format, int tokens, boolean fromMemory) {
        return new TwoPanelProduct(level, format, tokens, fromMemory).emit();
    }

    private byte[] emit() {
        begin();
        weights[0].blocks(RCX, this::block);
        end();
        return a.end();
    }

    private void begin() {
        a.mov(at(R9, WorkerScratch.RESULT), RDX);
        a.mov(at(R9, WorkerScratch.RESULT_STEP), R8);
        weights[0].begin(RCX);
        Vec zero = a.v(0);
        a.zero(zero);
        for (int t = 0; t < tokens; t++) {
            for (int p = 0; p < PANELS; p++) {
                a.op(VMOVUPS, at(R9, WorkerScratch.sum(WorkerScratch.SUMS, p, t)), zero);
                a.op(VMOVUPS, at(R9, WorkerScratch.sum(WorkerScratch.MAIN, p, t)), zero);
                a.prefetch(Assembler.Cache.T1, at(RDX, p * a.bytes()));
            }
            a.add(RDX, R8);
        }
        a.mov(R8, at(R9, WorkerScratch.PANEL_BYTES));
    }

    private void end() {
        a.mov(RDX, at(R9, WorkerScratch.RESULT));
        a.mov(R8, at(R9, WorkerScratch.RESULT_STEP));
        a.mov32(RAX, at(R9, WorkerScratch.ROWS));
        for (int p = 0; p < PANELS; p++) {
            a.mask(Mask.values()[1 + p], RAX, RAX);
            a.shr(RAX, PanelFormat.ROWS);
        }
        for (int t = 0; t < tokens; t++) {
            for (int p = 0; p < PANELS; p++) {
                Vec sum = a.v(p);
                a.op(VMOVUPS, sum, at(R9, WorkerScratch.sum(WorkerScratch.MAIN, p, t)));
                a.op(VADDPS, sum, sum, at(R9, WorkerScratch.sum(WorkerScratch.SUMS, p, t)));
                a.store(at(RDX, p * a.bytes()), sum, Mask.values()[1 + p]);
            }
            a.add(RDX, R8);
        }
    }

    private void block() {
        if (fromMemory) {
            weights[0].prefetch(tokens);
        }
        quadsSoFar = 0;
        for (int p = 0; p < PANELS; p++) {
            weights[p].scales(0);
            weights[p].storeScales();
            for (int half = 0; half < tile.sums(); half++) {
                a.op(VMOVUPS, at(R9, WorkerScratch.minimum(p, half)), weights[p].minimum(half));
            }
        }
        for (PanelWeights ofPanel : weights) {
            ofPanel.quants(0, 0);
        }
        if (tile.isWinograd()) {
            winograd.ofWeights();
        }
        int numGroups = Math.ceilDiv(tokens, tokensAtOnce());
        for (int i = 0; i < numGroups; i++) {
            tokens(i * tokens / numGroups, (i + 1) * tokens / numGroups, numGroups);
        }
        PanelProduct.lowTerms(a, tile, () -> { }, this::lowTerm);
        weights[0].next();
        a.add(RSI, tile.blockBytes());
    }

    /// After each quad of each group of tokens: prefetches a part of the next panels.
    private void prefetchNext(int numGroups) {
        if (fromMemory && weights[0].interleavesPrefetch(tokens)) {
            int parts = numGroups * (tile.isWinograd() ? WinogradDots.HALF : PanelFormat.QUADS);
            for (PanelWeights ofPanel : weights) {
                ofPanel.prefetchPart(quadsSoFar, parts);
            }
            quadsSoFar++;
        }
    }

    /// The number of tokens for which there are registers.
    private int tokensAtOnce() {
        return Math.min(TOKENS, (REGISTERS - numbers) / (PANELS * halves));
    }

    /// The integer sums of a token among those currently computed.
    private Vec n(int token, int p, int half) {
        return a.v(numbers + (token * PANELS + p) * halves + half);
    }

    /// Adds the block's part to the sums of some tokens, interleaved, so that none waits for another.
    private void tokens(int from, int to, int numGroups) {
        Mem[] x = new Mem[to - from];
        Mem[][] starts = new Mem[halves][to - from];
        for (int t = from; t < to; t++) {
            x[t - from] = at(RSI, tile.numbers(t));
            for (int half = 0; half < halves; half++) {
                starts[half][t - from] = at(RSI, tile.start(half, t));
            }
        }
        dots(starts, x, from == 0, () -> prefetchNext(numGroups));
        for (int t = from; t < to; t++) {
            finish(t, t - from);
        }
    }

    /// n = the dot products of some tokens.
    private void dots(Mem[][] starts, Mem[] x, boolean areFirst, Runnable between) {
        Vec[][] n = new Vec[x.length][];
        for (int half = 0; half < halves; half++) {
            for (int j = 0; j < x.length; j++) {
                n[j] = new Vec[] {n(j, 0, half), n(j, 1, half)};
            }
            if (tile.isWinograd()) {
                winograd.dots(n, starts[half], x, areFirst, between);
            } else {
                products(n, starts[half], x, half, between);
            }
        }
    }

    private void products(Vec[][] n, Mem[] starts, Mem[] x, int half, Runnable between) {
        for (int j = 0; j < x.length; j++) {
            a.op(VPBROADCASTD, n[j][0], starts[j]);
            a.op(VMOVUPS, n[j][1], n[j][0]);
        }
        int quads = PanelFormat.QUADS / halves;
        for (int quad = half * quads; quad < (half + 1) * quads; quad++) {
            for (int j = 0; j < x.length; j++) {
                Vec broadcast = j % 2 == 0 ? one : other;
                a.op(VPBROADCASTD, broadcast, x[j].plus(4 * quad));
                for (int p = 0; p < PANELS; p++) {
                    a.op(VPDPBUSD, n[j][p], weights[p].w(quad), broadcast);
                }
            }
            between.run();
        }
    }

    /// `sum += scales of the rows · scale · n ± minima · scale · Σ x`, as in `PanelProduct`.
    private void finish(int t, int j) {
        a.op(VBROADCASTSS, one, at(RSI, tile.scale(t)));
        a.mov32(RDX, at(RSI, tile.half(t)));
        for (int p = 0; p < PANELS; p++) {
            addScaled(j, p, at(R9, WorkerScratch.sum(WorkerScratch.MAIN, p, t)));
        }
        for (int half = 0; half < tile.sums(); half++) {
            a.op(VBROADCASTSS, one, at(RSI, tile.sum(half, t)));
            for (int p = 0; p < PANELS; p++) {
                a.op(weights[p].addMinimum(), n(j, p, 0), one, at(R9, WorkerScratch.minimum(p, half)));
            }
        }
        for (int p = 0; p < PANELS; p++) {
            a.op(VMOVUPS, at(R9, WorkerScratch.sum(WorkerScratch.MAIN, p, t)), n(j, p, 0));
        }
    }

    /// `n = sum + scales of the rows · scale · n`; `one` holds M, RDX selects the scales of the rows (`TileLayout`).
    private void addScaled(int j, int p, Operand sum) {
        for (int half = 0; half < halves; half++) {
            Vec n = n(j, p, half);
            Mem scales = at(R9, RDX, 1, WorkerScratch.scale(p, half));
            a.op(VSUBPS, n, n, one);
            if (half == 0) {
                a.op(VMOVUPS, other, scales);
                a.op(VFMADD213PS, n, other, sum);
            } else {
                a.op(VFMADD231PS, n(j, p, 0), n, scales);
            }
        }
    }

    /// Adds a low term.
    private void lowTerm() {
        Mem[][] starts = new Mem[halves][];
        for (int half = 0; half < halves; half++) {
            starts[half] = new Mem[] {at(RSI, tile.lowStart(half))};
        }
        dots(starts, new Mem[] {at(RSI)}, false, () -> { });
        a.mov32(RDX, at(RSI, tile.lowPlace()));
        for (int p = 0; p < PANELS; p++) {
            a.op(VMOVUPS, n(1, p, 0), at(R9, RDX, 1, WorkerScratch.sum(WorkerScratch.SUMS, p, 0)));
        }
        a.op(VBROADCASTSS, one, at(RSI, tile.lowScale()));
        a.mov32(RDX, at(RSI, tile.lowHalf()));
        for (int p = 0; p < PANELS; p++) {
            addScaled(0, p, n(1, p, 0));
        }
        a.mov32(RDX, at(RSI, tile.lowPlace()));
        for (int p = 0; p < PANELS; p++) {
            a.op(VMOVUPS, at(R9, RDX, 1, WorkerScratch.sum(WorkerScratch.SUMS, p, 0)), n(0, p, 0));
        }
    }
}
