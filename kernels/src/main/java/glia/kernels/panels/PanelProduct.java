package glia.kernels.panels;

import static glia.kernels.asm.Assembler.Condition.EQUAL;
import static glia.kernels.asm.Assembler.Condition.NOT_EQUAL;
import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;

import glia.kernels.asm.Assembler;
import glia.kernels.asm.Assembler.Label;
import glia.kernels.asm.Operand;
import glia.kernels.code.Emitter;
import glia.kernels.code.IsaLevel;

/// Emits the int8 micro-kernel: the product of a panel of 16 rows (`PanelFormat`) with a tile of 1 to 16 tokens
/// (`TileLayout`). Lane r of a vector is row r; vectors of 8 lanes process the panel's rows in two *slices*.
/// ```
/// for each block of 32 columns:
///     w[0..7] = quants                              8 vectors of quads
///     ws      = scales of the rows
///     for each token, several at a time:
///         n   = correction                          integers
///         n  += w[i] · quad i of the token          8 times: 4 products and additions in each lane (`PanelDots`),
///                                                   or less often, of sums (`WinogradDots`)
///         sum[token] += ws · (scale of the token · n)         wide vectors: without a multiplication (`TileLayout`)
///     for each low term: the same, with its sum in memory
/// result = sums
/// ```
/// Arguments: the panel, the tile, the result for row 0 and token 0 (F32), entries of scales in a row (blocks, or
/// superblocks), bytes from one token's result to the next, the worker's `WorkerScratch`. Uses only caller-saved
/// registers.
final class PanelProduct {
    private final Emitter a;
    private final PanelFormat format;
    private final TileLayout tile;
    private final int tokens;
    private final boolean fromMemory;
    private final PanelWeights weights;
    private final PanelDots dots;
    private final WinogradDots winograd;
    private final Int4GemvDots nibbles;
    private final int halves;
    private final int slices;
    private final int firstFree;
    private int quadsSoFar;

    private PanelProduct(IsaLevel level, PanelFormat format, int tokens, boolean fromMemory) {
        a = new Emitter(level);
        this.format = format;
        this.tokens = tokens;
        this.fromMemory = fromMemory;
        tile = format.tile(level, tokens);
        halves = format.scales.halves();
        slices = PanelFormat.ROWS / level.lanes;
        weights = new PanelWeights(a, format);
        firstFree = weights.firstFree();
        dots = new PanelDots(a, weights, a.v(level.registers - 1));
        winograd = tile.isWinograd() ? new WinogradDots(a, firstFree, weights) : null;
        nibbles = Int4GemvDots.supports(level, format, tokens) ? new Int4GemvDots(a, weights, tile) : null;
    }

    /// The code for this many tokens.
    ///
    /// @param fromMemory whether the panel comes from memory, so that it is prefetched
    static byte[] emit(IsaLevel level, PanelFormat format, int tokens, boolean fromMemory) {
        return new PanelProduct(level, format, tokens, fromMemory).emit();
    }

    private byte[] emit() {
        begin();
        weights.blocks(RCX, nibbles == null ? this::block : this::blockOfOneToken);
        end();
        return a.end();
    }

    /// R10 = the scales; sums are 0. Prefetches the lines of results, whose cache misses would otherwise add up at the
    /// end.
    private void begin() {
        a.mov(at(R9, WorkerScratch.RESULT), RDX);
        weights.begin(RCX);
        if (nibbles != null) {
            nibbles.begin();
        }
        Vec zero = a.v(0);
        a.zero(zero);
        for (int t = 0; t < tokens; t++) {
            if (a.isWide()) {
                a.zero(sum(t));
            }
            for (int slice = 0; slice < slices; slice++) {
                a.op(VMOVUPS, inMemory(WorkerScratch.SUMS, t, slice), zero);
                if (!a.isWide()) {
                    a.op(VMOVUPS, inMemory(WorkerScratch.MAIN, t, slice), zero);
                }
            }
            if (tokens > 1) {
                a.prefetch(Assembler.Cache.T1, at(RDX));
                a.add(RDX, R8);
            }
        }
    }

    private void end() {
        a.mov(RDX, at(R9, WorkerScratch.RESULT));
        a.mov32(RAX, at(R9, WorkerScratch.ROWS));
        for (int slice = 0; slice < slices; slice++) {
            a.mask(Mask.values()[1 + slice], RAX, R11);
            a.shr(RAX, a.lanes());
        }
        for (int t = 0; t < tokens; t++) {
            for (int slice = 0; slice < slices; slice++) {
                Vec sum = sum(t);
                if (!a.isWide()) {
                    a.op(VMOVUPS, sum, inMemory(WorkerScratch.MAIN, t, slice));
                }
                a.op(VADDPS, sum, sum, inMemory(WorkerScratch.SUMS, t, slice));
                a.store(at(RDX, slice * a.bytes()), sum, Mask.values()[1 + slice]);
            }
            a.add(RDX, R8);
        }
    }

    private void block() {
        if (fromMemory) {
            weights.prefetch(tokens);
        }
        quadsSoFar = 0;
        for (int slice = 0; slice < slices; slice++) {
            weights.scales(slice);
            if (a.isWide()) {
                weights.storeScales();
            }
            for (int plane = 0; plane < weights.planes(); plane++) {
                weights.quants(slice, plane);
                if (tile.isWinograd()) {
                    winograd.ofWeights();
                }
                int numGroups = Math.ceilDiv(tokens, tokensAtOnce());
                for (int i = 0; i < numGroups; i++) {
                    tokens(i * tokens / numGroups, (i + 1) * tokens / numGroups, slice, plane);
                }
            }
            int ofSlice = slice;
            lowTerms(a, tile, () -> { }, () -> lowTerm(ofSlice));
        }
        weights.next();
        a.add(RSI, tile.blockBytes());
    }

    /// A block with `Int4GemvDots`. The few blocks with low terms prepare the registers for these themselves.
    private void blockOfOneToken() {
        if (fromMemory) {
            weights.prefetch(tokens);
        }
        quadsSoFar = 0;
        nibbles.dot(this::prefetchNext);
        weights.scales(0);
        nibbles.addScaled(sum(0));
        addMinima(0, sum(0));
        lowTerms(a, tile, () -> {
            weights.storeScales();
            weights.quants(0, 0);
        }, () -> lowTerm(0));
        weights.next();
        a.add(RSI, tile.blockBytes());
    }

    /// After each quad of each group of tokens: prefetches a part of the next panel.
    private void prefetchNext() {
        if (fromMemory && weights.interleavesPrefetch(tokens)) {
            int quads = tile.isWinograd() ? WinogradDots.HALF : PanelFormat.QUADS;
            weights.prefetchPart(quadsSoFar++, quads * Math.ceilDiv(tokens, tokensAtOnce()));
        }
    }

    /// The number of tokens for which there are registers.
    private int tokensAtOnce() {
        if (tile.isWinograd()) {
            return WinogradDots.TOKENS;
        }
        int free = a.isWide() ? 32 - tokens - firstFree : a.level().registers - 1 - firstFree;
        return Math.min(6, free) / perToken();
    }

    /// A token's registers: its integer sums and the temporaries of `PanelDots`.
    private int perToken() {
        return halves + dots.registers();
    }

    // ---- activations ---------------------------------------------------------------------------------------------

    /// Adds the block's part to the sums of some tokens, interleaved, so that none waits for another.
    private void tokens(int from, int to, int slice, int plane) {
        Mem[] numbers = new Mem[to - from];
        for (int t = from; t < to; t++) {
            numbers[t - from] = at(RSI, tile.numbers(t));
        }
        if (tile.isWinograd()) {
            productsOfSums(from, to, numbers);
            return;
        }
        for (int half = 0; half < halves; half++) {
            Vec[] n = new Vec[to - from];
            for (int t = from; t < to; t++) {
                n[t - from] = temporary(perToken() * (t - from) + half);
                if (plane == 0) {
                    start(n[t - from], tile.starts(), tile.start(half, t));
                } else {
                    a.op(VMOVUPS, n[t - from], at(R9, WorkerScratch.PARTS + 32 * t));
                }
            }
            dots.add(n, numbers, half, halves, plane, this::prefetchNext);
        }
        for (int t = from; t < to; t++) {
            Vec n = temporary(perToken() * (t - from));
            if (plane < weights.planes() - 1) {
                a.op(VMOVUPS, at(R9, WorkerScratch.PARTS + 32 * t), n);
            } else {
                finish(t, n, slice);
            }
        }
    }

    /// The same with Winograd's products of sums.
    private void productsOfSums(int from, int to, Mem[] numbers) {
        Mem[] starts = new Mem[to - from];
        for (int t = from; t < to; t++) {
            starts[t - from] = at(RSI, tile.start(0, t));
        }
        Vec[] n = productsOfSums(starts, numbers, from == 0, this::prefetchNext);
        for (int t = from; t < to; t++) {
            finish(t, n[t - from], 0);
        }
    }

    private Vec[] productsOfSums(Mem[] starts, Mem[] numbers, boolean areFirst, Runnable between) {
        Vec[] n = new Vec[numbers.length];
        Vec[][] ofTokens = new Vec[numbers.length][];
        for (int j = 0; j < n.length; j++) {
            n[j] = temporary(winograd.registers() + j);
            ofTokens[j] = new Vec[] {n[j]};
        }
        winograd.dots(ofTokens, starts, numbers, areFirst, between);
        return n;
    }

    private void finish(int t, Vec n, int slice) {
        Mem place = inMemory(WorkerScratch.MAIN, t, slice);
        Vec sum = a.isWide() ? sum(t) : n;
        if (a.isWide()) {
            addScaled(sum, n, at(RSI, tile.scale(t)), at(RSI, tile.half(t)));
        } else {
            a.op(VBROADCASTSS, dots.spare(), at(RSI, tile.scale(t)));
            for (int half = 0; half < halves; half++) {
                Vec scaled = a.v(n.number() + half);
                a.op(VCVTDQ2PS, scaled, scaled);
                a.op(VMULPS, scaled, scaled, dots.spare());
            }
            a.op(VFMADD213PS, sum, weights.scale(0), place);
            if (halves > 1) {
                a.op(VFMADD231PS, sum, a.v(n.number() + 1), weights.scale(1));
            }
        }
        addMinima(t, sum);
        if (!a.isWide()) {
            a.op(VMOVUPS, place, sum);
        }
    }

    /// `sum ± minima · scale · Σ x`
    private void addMinima(int t, Vec sum) {
        for (int half = 0; half < tile.sums(); half++) {
            a.op(weights.addMinimum(), sum, weights.minimum(half),
                    a.broadcast(at(RSI, tile.sum(half, t)), dots.spare()));
        }
    }

    /// `sum += scales of the rows · scale · n`, without a multiplication by the scale (`TileLayout`).
    private void addScaled(Vec sum, Vec n, Mem middle, Mem whether) {
        a.mov32(RDX, whether);
        for (int half = 0; half < halves; half++) {
            Vec scaled = a.v(n.number() + half);
            a.op(VSUBPS, scaled, scaled, middle.toAll());
            a.op(VFMADD231PS, sum, scaled, at(R9, RDX, 1, WorkerScratch.scale(0, half)));
        }
    }

    /// The initial value of a dot product: the value at a place, or 0 if there is none.
    private void start(Vec n, int count, int place) {
        if (count == 0) {
            a.zero(n);
        } else {
            a.op(VPBROADCASTD, n, at(RSI, place));
        }
    }

    /// Leaves in n, and returns, two factors whose product is `scales of the rows · n · scale of the low term`; with
    /// halves the second half's n is in the next register. For narrow vectors.
    private Operand lowProduct(Vec n) {
        Mem tokenScale = at(RSI, tile.lowScale());
        a.op(VCVTDQ2PS, n, n);
        if (halves == 1) {
            a.op(VMULPS, n, n, a.broadcast(tokenScale, dots.spare()));
            return weights.scale(0);
        }
        Vec other = a.v(n.number() + 1);
        a.op(VCVTDQ2PS, other, other);
        a.op(VMULPS, n, n, weights.scale(0));
        a.op(VFMADD231PS, n, other, weights.scale(1));
        return a.broadcast(tokenScale, dots.spare());
    }

    /// A loop over the low terms of the block at RSI, which points to each of them meanwhile.
    ///
    /// @param before is emitted before the loop, for blocks with low terms
    /// @param term may overwrite RDX
    static void lowTerms(Emitter a, TileLayout tile, Runnable before, Runnable term) {
        Label next = new Label();
        Label none = new Label();
        a.mov32(RAX, at(RSI, tile.count()));
        a.test(RAX, RAX);
        a.jump(EQUAL, none);
        before.run();
        a.push(RSI);
        a.mov32(RDX, at(RSI, tile.low()));
        a.add(RSI, RDX);
        a.bind(next);
        term.run();
        a.add(RSI, tile.lowBytes());
        a.dec(RAX);
        a.jump(NOT_EQUAL, next);
        a.pop(RSI);
        a.bind(none);
    }

    /// Adds a low term.
    private void lowTerm(int slice) {
        // Quants in planes need the first free register.
        int first = weights.planes() - 1;
        Vec n = tile.isWinograd() ? productsOfSums(new Mem[] {at(RSI, tile.lowStart(0))}, new Mem[] {at(RSI)}, false,
                () -> { })[0] : lowDots(first, slice);
        Mem place = at(R9, RDX, 1, WorkerScratch.SUMS + slice * a.bytes());
        a.mov32(RDX, at(RSI, tile.lowPlace()));
        if (a.isWide()) {
            Vec sum = a.v(n.number() + halves);
            a.op(VMOVUPS, sum, place);
            addScaled(sum, n, at(RSI, tile.lowScale()), at(RSI, tile.lowHalf()));
            a.mov32(RDX, at(RSI, tile.lowPlace()));
            a.op(VMOVUPS, place, sum);
        } else {
            Operand factor = lowProduct(n);
            a.op(VFMADD213PS, n, factor, place);
            a.op(VMOVUPS, place, n);
        }
    }

    /// The dot products of a low term, one for each half.
    private Vec lowDots(int first, int slice) {
        for (int half = 0; half < halves; half++) {
            start(temporary(first + half), tile.starts(), tile.lowStart(half));
        }
        for (int plane = 0; plane < weights.planes(); plane++) {
            if (weights.planes() > 1) {
                weights.quants(slice, plane);
            }
            for (int half = 0; half < halves; half++) {
                dots.add(new Vec[] {temporary(first + half)}, new Mem[] {at(RSI)}, half, halves, plane, () -> { });
            }
        }
        return temporary(first);
    }

    // ---- registers and memory ------------------------------------------------------------------------------------

    /// The sum of a token, if there are enough registers.
    private Vec sum(int token) {
        return a.isWide() ? a.v(32 - tokens + token) : a.v(0);
    }

    private Mem inMemory(int place, int token, int slice) {
        return at(R9, WorkerScratch.sum(place, 0, token) + slice * a.bytes());
    }

    private Vec temporary(int i) {
        return a.v(firstFree + i);
    }
}
