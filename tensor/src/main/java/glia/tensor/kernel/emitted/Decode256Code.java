package glia.tensor.kernel.emitted;

import static glia.tensor.asm.Gpr.R10;
import static glia.tensor.asm.Gpr.R8;
import static glia.tensor.asm.Gpr.R9;
import static glia.tensor.asm.Gpr.RAX;
import static glia.tensor.asm.Gpr.RDI;
import static glia.tensor.asm.Gpr.RDX;
import static glia.tensor.asm.Gpr.RSI;
import static glia.tensor.asm.Gpr.RSP;
import static glia.tensor.asm.Mem.at;
import static glia.tensor.asm.Op.VCVTDQ2PS;
import static glia.tensor.asm.Op.VMOVD;
import static glia.tensor.asm.Op.VMOVUPS;
import static glia.tensor.asm.Op.VMULPS;
import static glia.tensor.asm.Op.VPADDD;
import static glia.tensor.asm.Op.VPANDD;
import static glia.tensor.asm.Op.VPMOVSXBD;
import static glia.tensor.asm.Op.VPMOVZXBD;
import static glia.tensor.asm.Op.VPORD;
import static glia.tensor.asm.Op.VPSLLD;
import static glia.tensor.asm.Op.VPSRLD;
import static glia.tensor.asm.Op.VPTESTMD;
import static glia.tensor.asm.Op.VPUNPCKLDQ;
import static glia.tensor.asm.Op.VSUBPS;
import static glia.tensor.asm.Vec.xmm;
import static glia.tensor.asm.Vec.ymm;
import static glia.tensor.asm.Vec.zmm;

import glia.tensor.DType;
import glia.tensor.asm.Assembler;
import glia.tensor.asm.Gpr;
import glia.tensor.asm.Mask;
import glia.tensor.asm.Mem;
import glia.tensor.asm.Vec;

/// Decodes ggml's Q4_K, Q5_K and Q6_K, whose blocks of 256 numbers hold scales for groups of 32 or 16 (the layout is
/// that of `Blocks256`). The groups' scales are made for the whole block at once and kept below the stack, in the 128
/// bytes that a System V function which calls no other may use.
final class Decode256Code {
    /// F32 scales of all groups; with 8 groups their minima behind them.
    private static final int SCALES = -64;
    private static final int MINIMA = -32;

    private static final Vec NUMBERS = zmm(0);
    private static final Vec BITS = zmm(1);
    private static final Vec[] LOW = {zmm(2), zmm(3)};
    private static final Vec[] FIFTH_BITS = {zmm(4), zmm(5)};

    private Decode256Code() { }

    /// Emits the decoding of the block at RSI to RDI.
    static void block(Assembler a, Constants constants, DType type) {
        switch (type) {
            case Q4_K -> groupsOf32(a, constants, false);
            case Q5_K -> groupsOf32(a, constants, true);
            case Q6_K -> groupsOf16(a, constants);
            default -> throw new IllegalArgumentException("no code for " + type);
        }
    }

    private static void groupsOf32(Assembler a, Constants constants, boolean hasFifthBit) {
        scalesAndMinima(a);
        int low = hasFifthBit ? 48 : 16;
        for (int half = 0; half < 2 && hasFifthBit; half++) {
            a.op(VPMOVZXBD, FIFTH_BITS[half], at(RSI, 16 + 16 * half));
        }
        for (int group = 0; group < 8; group++) {
            for (int half = 0; half < 2; half++) {
                if (group % 2 == 0) {
                    a.op(VPMOVZXBD, LOW[half], at(RSI, low + 16 * group + 16 * half));
                    a.op(VPANDD, NUMBERS, LOW[half], constants.of(15));
                } else {
                    a.op(VPSRLD, NUMBERS, LOW[half], 4);
                }
                if (hasFifthBit) {
                    a.op(VPTESTMD, Mask.K1, FIFTH_BITS[half], constants.of(1 << group));
                    a.op(VPORD, NUMBERS.under(Mask.K1), NUMBERS, constants.of(16));
                }
                a.op(VCVTDQ2PS, NUMBERS, NUMBERS);
                a.op(VMULPS, NUMBERS, NUMBERS, at(RSP, SCALES + 4 * group).toAll());
                a.op(VSUBPS, NUMBERS, NUMBERS, at(RSP, MINIMA + 4 * group).toAll());
                a.op(VMOVUPS, at(RDI, 128 * group + 64 * half), NUMBERS);
            }
        }
    }

    /// `d · sc` and `dmin · mn` of the 8 groups. Their 6-bit numbers lie in three words of 4 bytes: those of groups 0
    /// to 3 in the low bits of the first two, those of 4 to 7 in the third and on top of the first two.
    private static void scalesAndMinima(Assembler a) {
        word(a, RAX, 4, 0, 0x3f3f3f3f);
        word(a, RDX, 12, 0, 0x0f0f0f0f);
        word(a, R10, 4, 6, 0x03030303);
        write(a, RAX, RDX, R10, SCALES, 0);
        word(a, R8, 8, 0, 0x3f3f3f3f);
        word(a, R9, 12, 4, 0x0f0f0f0f);
        word(a, R10, 8, 6, 0x03030303);
        write(a, R8, R9, R10, MINIMA, 2);
    }

    private static void word(Assembler a, Gpr to, int at, int shift, int mask) {
        a.mov32(to, at(RSI, at));
        if (shift != 0) {
            a.shr(to, shift);
        }
        a.and(to, mask);
    }

    /// Multiplies 8 bytes with the F16 number at RSI + `factor`.
    ///
    /// @param high the low 4 bits of groups 4 to 7
    /// @param top their 2 high bits
    private static void write(Assembler a, Gpr low, Gpr high, Gpr top, int to, int factor) {
        a.shl(top, 4);
        a.add(high, top);
        a.op(VMOVD, xmm(0), low);
        a.op(VMOVD, xmm(1), high);
        a.op(VPUNPCKLDQ, xmm(0), xmm(0), xmm(1));
        a.op(VPMOVZXBD, ymm(0), xmm(0));
        a.op(VCVTDQ2PS, ymm(0), ymm(0));
        DecodeCode.half(a, zmm(1), factor);
        a.op(VMULPS, ymm(0), ymm(0), ymm(1));
        a.op(VMOVUPS, at(RSP, to), ymm(0));
    }

    private static void groupsOf16(Assembler a, Constants constants) {
        a.op(VPMOVSXBD, NUMBERS, at(RSI, 192));
        a.op(VCVTDQ2PS, NUMBERS, NUMBERS);
        DecodeCode.half(a, BITS, 208);
        a.op(VMULPS, NUMBERS, NUMBERS, BITS);
        a.op(VMOVUPS, at(RSP, SCALES), NUMBERS);
        for (int group = 0; group < 16; group++) {
            int run = group / 2 % 4;
            Mem low = at(RSI, group / 8 * 64 + run % 2 * 32 + group % 2 * 16);
            Mem high = at(RSI, 128 + group / 8 * 32 + group % 2 * 16);
            a.op(VPMOVZXBD, NUMBERS, low);
            if (run >= 2) {
                a.op(VPSRLD, NUMBERS, NUMBERS, 4);
            } else {
                a.op(VPANDD, NUMBERS, NUMBERS, constants.of(15));
            }
            a.op(VPMOVZXBD, BITS, high);
            // Bits 2 run and 2 run + 1 become bits 4 and 5.
            if (run < 2) {
                a.op(VPSLLD, BITS, BITS, 4 - 2 * run);
            } else if (run > 2) {
                a.op(VPSRLD, BITS, BITS, 2 * run - 4);
            }
            a.op(VPANDD, BITS, BITS, constants.of(0x30));
            a.op(VPORD, NUMBERS, NUMBERS, BITS);
            a.op(VPADDD, NUMBERS, NUMBERS, constants.of(-32));
            a.op(VCVTDQ2PS, NUMBERS, NUMBERS);
            a.op(VMULPS, NUMBERS, NUMBERS, at(RSP, SCALES + 4 * group).toAll());
            a.op(VMOVUPS, at(RDI, 64 * group), NUMBERS);
        }
    }
}
