package glia.kernels.panels;

import static glia.kernels.asm.Gpr.R10;
import static glia.kernels.asm.Gpr.R11;
import static glia.kernels.asm.Gpr.R8;
import static glia.kernels.asm.Gpr.R9;
import static glia.kernels.asm.Gpr.RAX;
import static glia.kernels.asm.Gpr.RDI;
import static glia.kernels.asm.Gpr.RDX;
import static glia.kernels.asm.Mem.at;
import static glia.kernels.asm.Op.*;

import glia.kernels.asm.Assembler;
import glia.kernels.asm.Condition;
import glia.kernels.asm.Gpr;
import glia.kernels.asm.Label;
import glia.kernels.asm.Mem;
import glia.kernels.asm.Op;
import glia.kernels.asm.Vec;
import glia.kernels.code.Emitter;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.Processor;

/// The part of `PanelProduct` that reads weights: emits what brings a block of a panel into registers, as eight vectors
/// of quads of unsigned bytes, and scales and minima as F32. At that point RDI holds the address of the block's quants,
/// R10 that of its scales, R11 that of what its superblock shares, and R9 the `WorkerScratch`.
public final class PanelWeights {
    private static final int LINE = 64;
    /// How far ahead one token's product asks for weights on Intel's processors.
    private static final int BYTES_AHEAD = 3072;

    private final Emitter a;
    private final PanelFormat format;
    private final int halves;
    private final int panel;
    private final int panels;

    /// One panel.
    public PanelWeights(Emitter a, PanelFormat format) {
        this(a, format, 0, 1);
    }

    /// One of several panels at a time.
    ///
    /// @param panel its number; those but the first lie R8 bytes further
    /// @param panels how many there are: 1 or 2
    public PanelWeights(Emitter a, PanelFormat format, int panel, int panels) {
        this.a = a;
        this.format = format;
        this.panel = panel;
        this.panels = panels;
        halves = format.scales.halves();
    }

    /// A place of this panel, given a register that points into the first.
    private Mem of(Gpr first, int offset) {
        return panel == 0 ? at(first, offset) : at(first, R8, 1, offset);
    }

    /// R10 = where the first panel's scales begin, RDI being where its quants do.
    ///
    /// @param entries a register with the number of entries of scales
    void begin(Gpr entries) {
        a.mov(R10, format.blockBytes() * format.scales.blocks);
        a.imul(R10, entries);
        a.add(R10, RDI);
    }

    /// Asks for the lines of a block that comes later, and for its scales: the same block of the next panel, so that
    /// nothing of a panel is met unasked, neither its beginning nor its scales; or for one token, on Intel's
    /// processors, a few kilobytes ahead. Past the last panel it does no harm. RAX is overwritten.
    ///
    /// Where `spreads` says so, this only prepares, and `prefetchPart` asks.
    void prefetch(int tokens) {
        if (asksNear(tokens)) {
            int blocks = BYTES_AHEAD / format.blockBytes();
            for (int line = 0; line < format.blockBytes(); line += LINE) {
                a.prefetch(Assembler.Cache.T2, at(RDI, blocks * format.blockBytes() + line));
            }
            int scales = Math.ceilDiv(blocks, format.scales.blocks) * format.scales.sizeBytes;
            a.prefetch(Assembler.Cache.T2, at(R10, scales));
            if (sharesScales()) {
                a.prefetch(Assembler.Cache.T2, at(R11, scales));
            }
            return;
        }
        a.mov(RAX, at(R9, WorkerScratch.AHEAD));
        if (!spreads(tokens)) {
            prefetchPart(0, 1);
        }
    }

    /// Whether superblocks have a part of their scales behind those of their blocks, which may fill a line of its own.
    private boolean sharesScales() {
        return format.scales.blocks > 1;
    }

    private static boolean asksNear(int tokens) {
        return tokens == 1 && Processor.here().isIntel();
    }

    /// Whether lines are asked for one by one between the products.
    boolean spreads(int tokens) {
        return a.isWide() && !asksNear(tokens);
    }

    /// Asks for a part of the lines that `prefetch` means: for the first cache on Zen 5, which reads fastest so with
    /// any number of tokens, else for the second, since the buffers between the two, or the ways of the first, limit.
    /// RDX may be overwritten.
    void prefetchPart(int part, int parts) {
        int quants = format.blockBytes() / LINE;
        int lines = quants + (sharesScales() ? 2 : 1);
        int end = (part + 1) * lines / parts;
        Assembler.Cache cache = Processor.here().isZen5() ? Assembler.Cache.T0 : Assembler.Cache.T1;
        Gpr ahead = panel == 0 ? RAX : RDX;
        if (panel > 0 && part * lines / parts < end) {
            a.lea(RDX, at(RAX, R8, 1, 0));
        }
        for (int line = part * lines / parts; line < end; line++) {
            Gpr scales = line == quants ? R10 : R11;
            a.prefetch(cache, line < quants ? at(RDI, ahead, 1, LINE * line) : at(scales, ahead, 1, 0));
        }
    }

    /// A loop over the blocks of as many entries of scales as the counter says.
    ///
    /// @param block moves R10 on to the next block's scales
    public void blocks(Gpr counter, Runnable block) {
        int own = format.scales.blocks * format.scales.blockBytes;
        Label next = a.here();
        if (format.scales.blocks == 1) {
            block.run();
        } else {
            a.lea(R11, at(R10, own));
            Label inner = a.here();
            block.run();
            a.cmp(R10, R11);
            a.jump(Condition.BELOW, inner);
            a.add(R10, format.scales.sizeBytes - own);
        }
        a.dec(counter);
        a.jump(Condition.NOT_EQUAL, next);
    }

    /// Goes on to the next block.
    public void next() {
        a.add(RDI, format.blockBytes());
        a.add(R10, format.scales.blockBytes);
    }

    /// The register of quad i.
    public Vec w(int quad) {
        return a.v(8 * panel + quad);
    }

    /// The register of the rows' scales.
    public Vec scale(int half) {
        return a.v(8 * panels + half);
    }

    /// The register of the rows' minima.
    public Vec minimum(int half) {
        return a.v(8 * panels + halves + half);
    }

    /// The number of the first register that holds no weights; it and the next two are overwritten by `quants` and
    /// `scales`.
    int firstFree() {
        return 8 * panels + halves + (format.scales.hasMin() ? halves : 0);
    }

    private Vec temporary(int i) {
        return a.v(firstFree() + i);
    }

    /// How many times the quants come, a part of their bits at a time: where quants of 8 bits are too large for the
    /// instruction that multiplies them.
    int planes() {
        return a.level() == IsaLevel.AVX2 && format.bits == 8 ? 2 : 1;
    }

    /// The largest quant in a register.
    public int most() {
        return format == PanelFormat.MXFP4 ? 24 : planes() == 2 ? 15 : (1 << format.bits) - 1;
    }

    /// w = 8 vectors of quads.
    ///
    /// @param slice which rows of the panel, as many as vectors have lanes
    /// @param plane which of the `planes`: the lower or the upper four bits
    public void quants(int slice, int plane) {
        int from = slice * a.bytes();
        if (planes() == 2) {
            plane(from, plane);
            return;
        }
        if (format.bits == 8) {
            for (int i = 0; i < 8; i++) {
                a.op(VMOVUPS, w(i), of(RDI, from + 64 * i));
            }
            return;
        }
        if (format.bits < 4) {
            pairs(from);
        } else {
            nibbles(from);
        }
        switch (format.bits) {
            case 3 -> highBits(from + 128, WorkerScratch.THIRD, 1);
            case 5 -> highBits(from + 256, WorkerScratch.FIFTH, 1);
            case 6 -> highBits(from + 256, WorkerScratch.FIFTH_AND_SIXTH, 2);
            default -> { }
        }
        if (format == PanelFormat.MXFP4) {
            a.op(a.isWide() ? VBROADCASTI32X4 : VBROADCASTF128, temporary(0), at(R9, WorkerScratch.E2M1));
            for (int i = 0; i < 8; i++) {
                a.op(VPSHUFB, w(i), temporary(0), w(i));
            }
        }
    }

    private void plane(int from, int plane) {
        Vec which = temporary(0);
        a.op(VPBROADCASTD, which, at(R9, WorkerScratch.NIBBLES));
        for (int i = 0; i < 8; i++) {
            if (plane == 0) {
                a.and(w(i), which, of(RDI, from + 64 * i));
            } else {
                a.op(VMOVUPS, w(i), of(RDI, from + 64 * i));
                a.op(VPSRLW, w(i), w(i), 4);
                a.and(w(i), w(i), which);
            }
        }
    }

    /// The low four bits of all quants.
    private void nibbles(int from) {
        Vec which = temporary(0);
        a.op(VPBROADCASTD, which, at(R9, WorkerScratch.NIBBLES));
        for (int m = 0; m < 4; m++) {
            a.op(VMOVUPS, w(m + 4), of(RDI, from + 64 * m));
            a.and(w(m), which, w(m + 4));
            a.op(VPSRLW, w(m + 4), w(m + 4), 4);
            a.and(w(m + 4), which, w(m + 4));
        }
    }

    /// The low two bits of all quants.
    private void pairs(int from) {
        Vec which = temporary(0);
        a.op(VPBROADCASTD, which, at(R9, WorkerScratch.PAIRS));
        for (int half = 0; half < 2; half++) {
            Vec all = w(4 * half + 3);
            a.op(VMOVUPS, all, of(RDI, from + 64 * half));
            for (int i = 0; i < 4; i++) {
                a.op(VPSRLD, w(4 * half + i), all, 2 * i);
                a.and(w(4 * half + i), w(4 * half + i), which);
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
                a.op(VMOVUPS, high, of(RDI, place + 64 * (width * i / 8)));
            }
            if (bit <= lowest) {
                a.op(VPSLLD, shifted, high, lowest - bit);
            } else {
                a.op(VPSRLD, shifted, high, bit - lowest);
            }
            if (a.isWide()) {
                // w | shifted & which
                a.op(VPTERNLOGD, w(i), shifted, which, 0xf8);
            } else {
                a.and(shifted, shifted, which);
                a.or(w(i), w(i), shifted);
            }
        }
    }

    /// The rows' scales and minima as F32.
    public void scales(int slice) {
        int row = slice * a.lanes();
        switch (format.scales) {
            case ONE -> a.op(VCVTPH2PS, scale(0), of(R10, 2 * row));
            case POWER -> power(of(R10, row));
            case WITH_MIN -> {
                a.op(VCVTPH2PS, scale(0), of(R10, 2 * row));
                a.op(VCVTPH2PS, minimum(0), of(R10, 32 + 2 * row));
            }
            case SUPER_WITH_MIN, SUPER_HALVES_WITH_MIN -> {
                for (int half = 0; half < halves; half++) {
                    scaled(scale(half), of(R10, 16 * half + row), of(R11, 2 * row), false);
                    scaled(minimum(half), of(R10, 16 * (halves + half) + row), of(R11, 32 + 2 * row), false);
                }
            }
            case SUPER_HALVES -> {
                for (int half = 0; half < halves; half++) {
                    scaled(scale(half), of(R10, 16 * half + row), of(R11, 2 * row), true);
                }
            }
        }
    }

    /// Stores the scales and 1.5 fold scales in the work area, for tokens to choose from.
    void storeScales() {
        Vec more = temporary(0);
        for (int half = 0; half < halves; half++) {
            int place = WorkerScratch.scale(panel, half);
            a.op(VMULPS, more, scale(half), at(R9, WorkerScratch.THREE_HALVES).toAll());
            a.op(VMOVUPS, at(R9, place), scale(half));
            a.op(VMOVUPS, at(R9, place + a.bytes()), more);
        }
    }

    /// The instruction that brings `minimum · Σ x` into a sum: the minima of K-quants count downwards.
    Op addMinimum() {
        return format.scales == PanelFormat.Scales.WITH_MIN ? VFMADD231PS : VFNMADD231PS;
    }

    /// `scale = 2^(byte - 128)`
    private void power(Mem bytes) {
        Vec scale = scale(0);
        a.op(VPMOVZXBD, scale, bytes);
        if (a.isWide()) {
            a.op(VCVTDQ2PS, scale, scale);
            a.op(VADDPS, scale, scale, at(R9, WorkerScratch.MINUS_128).toAll());
            a.op(VBROADCASTSS, temporary(0), at(R9, WorkerScratch.ONE));
            a.op(VSCALEFPS, scale, temporary(0), scale);
            return;
        }
        // The product of two powers that are numbers, also where it is subnormal.
        Vec other = temporary(0);
        a.op(VPSRLD, other, scale, 1);
        a.op(VPSUBD, scale, scale, other);
        a.op(VPBROADCASTD, temporary(1), at(R9, WorkerScratch.HALF_BIAS));
        for (Vec exponent : new Vec[] {scale, other}) {
            a.op(VPADDD, exponent, exponent, temporary(1));
            a.op(VPSLLD, exponent, exponent, 23);
        }
        a.op(VMULPS, scale, scale, other);
    }

    /// `to = byte · half precision number`
    private void scaled(Vec to, Mem bytes, Mem factors, boolean signed) {
        Vec d = temporary(0);
        a.op(VCVTPH2PS, d, factors);
        a.op(signed ? VPMOVSXBD : VPMOVZXBD, to, bytes);
        a.op(VCVTDQ2PS, to, to);
        a.op(VMULPS, to, to, d);
    }
}
