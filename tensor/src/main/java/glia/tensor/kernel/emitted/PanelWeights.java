package glia.tensor.kernel.emitted;

import static glia.tensor.asm.Gpr.R10;
import static glia.tensor.asm.Gpr.R11;
import static glia.tensor.asm.Gpr.R9;
import static glia.tensor.asm.Gpr.RDI;
import static glia.tensor.asm.Mem.at;
import static glia.tensor.asm.Op.*;
import static glia.tensor.asm.Vec.zmm;

import glia.tensor.asm.Assembler;
import glia.tensor.asm.Mem;
import glia.tensor.asm.Vec;

/// The part of `PanelProduct` that reads weights: emits what brings a block of a panel into registers, as eight vectors
/// of quads of unsigned bytes, and scales and minima as F32. At that point RDI holds the address of the block's quants,
/// R10 that of its scales, R11 that of what its superblock shares, and R9 the `WorkArea`.
final class PanelWeights {
    private static final int LINE = 64;
    /// How far ahead one token's product asks for weights, past the second cache, as none is used twice.
    private static final int BYTES_AHEAD = 4096;
    /// How far ahead products of more tokens ask.
    private static final int BLOCKS_AHEAD = 16;

    private final Assembler a;
    private final PanelFormat format;
    private final int halves;

    PanelWeights(Assembler a, PanelFormat format) {
        this.a = a;
        this.format = format;
        halves = format.scales.halves();
    }

    /// Asks for the lines of a block that comes later, and for scales: past the panel's end, where the next one begins,
    /// it does no harm.
    void prefetch(int tokens) {
        int blocks = tokens == 1 ? BYTES_AHEAD / format.blockBytes() : BLOCKS_AHEAD;
        Assembler.Cache cache = tokens == 1 ? Assembler.Cache.NTA : Assembler.Cache.T0;
        for (int line = 0; line < format.blockBytes(); line += LINE) {
            a.prefetch(cache, at(RDI, blocks * format.blockBytes() + line));
        }
        a.prefetch(cache, at(R10, blocks * format.scales.sizeBytes / format.scales.blocks));
    }

    /// Sets the registers to the block's numbers.
    void load() {
        quants();
        scales();
    }

    /// Goes on to the next block.
    void next() {
        a.add(RDI, format.blockBytes());
        a.add(R10, format.scales.blockBytes);
    }

    /// The register of quad i of all rows.
    Vec w(int quad) {
        return zmm(quad);
    }

    /// The register of the rows' scales.
    Vec scale(int half) {
        return zmm(8 + half);
    }

    /// The register of the rows' minima.
    Vec minimum(int half) {
        return zmm(8 + halves + half);
    }

    /// The number of the first register that holds no weights; it and the next two are overwritten by `load`.
    int firstFree() {
        return 8 + halves + (format.scales.hasMin() ? halves : 0);
    }

    private Vec temporary(int i) {
        return zmm(firstFree() + i);
    }

    /// w = 8 vectors of quads.
    private void quants() {
        if (format.bits == 8) {
            for (int i = 0; i < 8; i++) {
                a.op(VMOVDQU32, w(i), at(RDI, 64 * i));
            }
            return;
        }
        if (format.bits < 4) {
            pairs();
        } else {
            nibbles();
        }
        switch (format.bits) {
            case 3 -> highBits(128, WorkArea.THIRD, 1);
            case 5 -> highBits(256, WorkArea.FIFTH, 1);
            case 6 -> highBits(256, WorkArea.FIFTH_AND_SIXTH, 2);
            default -> { }
        }
        if (format == PanelFormat.MXFP4) {
            a.op(VBROADCASTI32X4, temporary(0), at(R9, WorkArea.E2M1));
            for (int i = 0; i < 8; i++) {
                a.op(VPSHUFB, w(i), temporary(0), w(i));
            }
        }
    }

    /// The low four bits of all quants.
    private void nibbles() {
        Vec which = temporary(0);
        a.op(VPBROADCASTD, which, at(R9, WorkArea.NIBBLES));
        for (int m = 0; m < 4; m++) {
            a.op(VMOVDQU32, w(m + 4), at(RDI, 64 * m));
            a.op(VPANDD, w(m), which, w(m + 4));
            a.op(VPSRLW, w(m + 4), w(m + 4), 4);
            a.op(VPANDD, w(m + 4), which, w(m + 4));
        }
    }

    /// The low two bits of all quants.
    private void pairs() {
        Vec which = temporary(0);
        a.op(VPBROADCASTD, which, at(R9, WorkArea.PAIRS));
        for (int half = 0; half < 2; half++) {
            Vec all = w(4 * half + 3);
            a.op(VMOVDQU32, all, at(RDI, 64 * half));
            for (int i = 0; i < 4; i++) {
                a.op(VPSRLD, w(4 * half + i), all, 2 * i);
                a.op(VPANDD, w(4 * half + i), w(4 * half + i), which);
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
                a.op(VMOVDQU32, high, at(RDI, place + 64 * (width * i / 8)));
            }
            if (bit <= lowest) {
                a.op(VPSLLD, shifted, high, lowest - bit);
            } else {
                a.op(VPSRLD, shifted, high, bit - lowest);
            }
            // w | shifted & which
            a.op(VPTERNLOGD, w(i), shifted, which, 0xf8);
        }
    }

    /// The rows' scales and minima as F32.
    private void scales() {
        switch (format.scales) {
            case ONE -> a.op(VCVTPH2PS, scale(0), at(R10));
            case POWER -> {
                a.op(VPMOVZXBD, scale(0), at(R10));
                a.op(VCVTDQ2PS, scale(0), scale(0));
                a.op(VADDPS, scale(0), scale(0), at(R9, WorkArea.MINUS_128).toAll());
                a.op(VBROADCASTSS, temporary(0), at(R9, WorkArea.ONE));
                a.op(VSCALEFPS, scale(0), temporary(0), scale(0));
            }
            case WITH_MIN -> {
                a.op(VCVTPH2PS, scale(0), at(R10));
                a.op(VCVTPH2PS, minimum(0), at(R10, 32));
            }
            case SUPER_WITH_MIN, SUPER_HALVES_WITH_MIN -> {
                for (int half = 0; half < halves; half++) {
                    scaled(scale(half), at(R10, 16 * half), at(R11), false);
                    scaled(minimum(half), at(R10, 16 * (halves + half)), at(R11, 32), false);
                }
            }
            case SUPER_HALVES -> {
                for (int half = 0; half < halves; half++) {
                    scaled(scale(half), at(R10, 16 * half), at(R11), true);
                }
            }
        }
    }

    /// `to = byte · half precision number`
    private void scaled(Vec to, Mem bytes, Mem halves, boolean signed) {
        Vec d = temporary(0);
        a.op(VCVTPH2PS, d, halves);
        a.op(signed ? VPMOVSXBD : VPMOVZXBD, to, bytes);
        a.op(VCVTDQ2PS, to, to);
        a.op(VMULPS, to, to, d);
    }
}
