package glia.kernels.panels;

import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;

import glia.kernels.asm.Assembler;
import glia.kernels.asm.Assembler.Condition;
import glia.kernels.asm.Assembler.Label;
import glia.kernels.asm.Op;
import glia.kernels.code.Emitter;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.Processor;

/// The part of `PanelProduct` that loads weights: emits code that loads a block of a panel into registers, as eight
/// vectors of quads of unsigned bytes, and scales and minima as F32. RDI holds the address of the block's quants, R10
/// that of its scales, R11 that of the data shared by its superblock, and R9 the `WorkerScratch`.
public final class PanelWeights {
    private static final int LINE = 64;
    /// The prefetch distance of GEMV on Intel's processors.
    private static final int BYTES_AHEAD = 3072;

    private final Emitter a;
    private final PanelFormat format;
    private final int halves;
    private final int panel;
    private final int panels;

    /// The weights of one panel.
    public PanelWeights(Emitter a, PanelFormat format) {
        this(a, format, 0, 1);
    }

    /// The weights of one of several panels multiplied at a time.
    ///
    /// @param panel its number; each panel after the first is R8 bytes further
    /// @param panels the number of panels: 1 or 2
    public PanelWeights(Emitter a, PanelFormat format, int panel, int panels) {
        this.a = a;
        this.format = format;
        this.panel = panel;
        this.panels = panels;
        halves = format.scales.halves();
    }

    /// An address in this panel, given a register that points into the first.
    private Mem of(Gpr first, int offset) {
        return panel == 0 ? at(first, offset) : at(first, R8, 1, offset);
    }

    /// R10 = the scales of the first panel, whose quants are at RDI.
    ///
    /// @param entries a register with the number of entries of scales
    void begin(Gpr entries) {
        a.mov(R10, format.blockBytes() * format.scales.blocks);
        a.imul(R10, entries);
        a.add(R10, RDI);
    }

    /// Prefetches a later block and its scales: the same block of the next panel, so that neither the beginning nor the
    /// scales of a panel miss the cache; or for GEMV on Intel's processors a few kilobytes ahead. Beyond the last panel
    /// this has no effect. RAX is overwritten.
    ///
    /// If `interleavesPrefetch`, this only prepares, and `prefetchPart` emits the prefetches.
    void prefetch(int tokens) {
        if (prefetchesToL1(tokens)) {
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
        if (!interleavesPrefetch(tokens)) {
            prefetchPart(0, 1);
        }
    }

    /// Whether superblocks have shared scales after those of their blocks, which may fill another cache line.
    private boolean sharesScales() {
        return format.scales.blocks > 1;
    }

    private static boolean prefetchesToL1(int tokens) {
        return tokens == 1 && Processor.here().isIntel();
    }

    /// Whether prefetches are interleaved with the multiplications.
    boolean interleavesPrefetch(int tokens) {
        return a.isWide() && !prefetchesToL1(tokens);
    }

    /// Emits a part of the prefetches that `prefetch` prepared: into L1 on Zen 5, which reads fastest so with any
    /// number of tokens, otherwise into L2, since fill buffers or the associativity of L1 are the limit. RDX may be
    /// overwritten.
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

    /// Emits a loop over the blocks of as many entries of scales as the counter holds.
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

    /// Advances to the next block.
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

    /// The first register without weights; it and the next two are overwritten by `quants` and `scales`.
    int firstFree() {
        return 8 * panels + halves + (format.scales.hasMin() ? halves : 0);
    }

    private Vec temporary(int i) {
        return a.v(firstFree() + i);
    }

    /// The number of planes: quants of 8 bits are processed in two planes of 4 bits if they are too large for the
    /// multiply instruction.
    int planes() {
        return a.level() == IsaLevel.AVX2 && format.largest() > Byte.MAX_VALUE ? 2 : 1;
    }

    /// The largest quant in a register.
    public int most() {
        return planes() == 2 ? 15 : format.largest();
    }

    /// w = 8 vectors of quads.
    ///
    /// @param slice the rows of the panel, as many as vectors have lanes
    /// @param plane one of the `planes`: the lower or the upper four bits
    public void quants(int slice, int plane) {
        int from = slice * a.bytes();
        if (format.bits == 8) {
            if (planes() == 2) {
                plane(from, plane);
                return;
            }
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
        if (format.codebook != null) {
            int table = WorkerScratch.codebook(format, planes() == 2 ? 1 + plane : 0);
            a.op(a.isWide() ? VBROADCASTI32X4 : VBROADCASTF128, temporary(0), at(R9, table));
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

    /// Loads the low four bits of all quants.
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

    /// Loads the low two bits of all quants.
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

    /// Adds the bits of a constant to all quants: those of quad i are `width · i` bits high, 8 / width quads a vector.
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

    /// Loads the rows' scales and minima as F32.
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
            case HALVES -> {
                a.op(VCVTPH2PS, scale(0), of(R10, 2 * row));
                a.op(VCVTPH2PS, scale(1), of(R10, 32 + 2 * row));
            }
            case SUPER_HALVES -> {
                for (int half = 0; half < halves; half++) {
                    scaled(scale(half), of(R10, 16 * half + row), of(R11, 2 * row), true);
                }
            }
            case SUPER, SUPER_HALVES_F32 -> {
                for (int half = 0; half < halves; half++) {
                    a.op(VPMOVSXBD, scale(half), of(R10, 16 * half + row));
                    a.op(VCVTDQ2PS, scale(half), scale(half));
                    a.op(VMULPS, scale(half), scale(half), of(R11, 4 * row));
                }
            }
        }
    }

    /// Stores the scales, and the scales times 1.5, in the scratch memory, for tokens to choose from.
    void storeScales() {
        Vec more = temporary(0);
        for (int half = 0; half < halves; half++) {
            int place = WorkerScratch.scale(panel, half);
            a.op(VMULPS, more, scale(half), at(R9, WorkerScratch.THREE_HALVES).toAll());
            a.op(VMOVUPS, at(R9, place), scale(half));
            a.op(VMOVUPS, at(R9, place + a.bytes()), more);
        }
    }

    /// The instruction that adds `minimum · Σ x` to a sum: the minima of K-quants are subtracted.
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
        // The product of two normal powers of two, also if it is subnormal.
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

    /// `to = byte · F16 value`
    private void scaled(Vec to, Mem bytes, Mem factors, boolean signed) {
        Vec d = temporary(0);
        a.op(VCVTPH2PS, d, factors);
        a.op(signed ? VPMOVSXBD : VPMOVZXBD, to, bytes);
        a.op(VCVTDQ2PS, to, to);
        a.op(VMULPS, to, to, d);
    }
}
