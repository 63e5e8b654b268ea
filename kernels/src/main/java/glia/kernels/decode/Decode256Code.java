package glia.kernels.decode;

import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;
import static glia.kernels.asm.Operand.Vec.xmm;
import static glia.kernels.asm.Operand.Vec.ymm;

import glia.kernels.code.Constants;
import glia.kernels.code.Emitter;
import glia.tensor.DType;

/// Emits decoding of ggml's Q4_K, Q5_K and Q6_K, whose blocks of 256 values hold scales for groups of 32 or 16 (see
/// `Blocks256` for the layout). The scales of all groups in a block are computed first and stored in the red zone: the
/// 128 bytes below the stack pointer that a System V leaf function may use.
final class Decode256Code {
    /// F32 scales of all groups, followed by their minima if there are 8 groups.
    private static final int SCALES = -64;
    private static final int MINIMA = -32;

    private final Emitter a;
    private final Constants constants;
    private final int lanes;
    private final Vec numbers;
    private final Vec bits;
    private final Vec broadcast;

    Decode256Code(Emitter a, Constants constants) {
        this.a = a;
        this.constants = constants;
        lanes = a.lanes();
        numbers = a.v(0);
        bits = a.v(1);
        broadcast = a.v(2);
    }

    /// Emits the decoding of the block at RSI to RDI.
    void block(DType type) {
        switch (type) {
            case Q4_K -> groupsOf32(false);
            case Q5_K -> groupsOf32(true);
            case Q6_K -> groupsOf16();
            default -> throw new IllegalArgumentException("no code for " + type);
        }
    }

    private void groupsOf32(boolean hasFifthBit) {
        scalesAndMinima();
        int low = hasFifthBit ? 48 : 16;
        for (int group = 0; group < 8; group++) {
            for (int first = 0; first < 32; first += lanes) {
                a.op(VPMOVZXBD, numbers, at(RSI, low + group / 2 * 32 + first));
                if (group % 2 == 0) {
                    a.and(numbers, numbers, constants.of(15));
                } else {
                    a.op(VPSRLD, numbers, numbers, 4);
                }
                if (hasFifthBit) {
                    a.op(VPMOVZXBD, bits, at(RSI, 16 + first));
                    shift(bits, 4 - group);
                    a.and(bits, bits, constants.of(16));
                    a.or(numbers, numbers, bits);
                }
                a.op(VCVTDQ2PS, numbers, numbers);
                a.op(VMULPS, numbers, numbers, a.broadcast(at(RSP, SCALES + 4 * group), broadcast));
                a.op(VSUBPS, numbers, numbers, a.broadcast(at(RSP, MINIMA + 4 * group), broadcast));
                a.op(VMOVUPS, at(RDI, 128 * group + 4 * first), numbers);
            }
        }
    }

    /// Shifts left, or right if negative.
    private void shift(Vec v, int by) {
        if (by > 0) {
            a.op(VPSLLD, v, v, by);
        } else if (by < 0) {
            a.op(VPSRLD, v, v, -by);
        }
    }

    /// Computes `d · sc` and `dmin · mn` of the 8 groups. Their 6-bit values are in three 4-byte words: those of groups
    /// 0 to 3 in the low bits of the first two words, those of 4 to 7 in the third word and on top of the first two.
    private void scalesAndMinima() {
        word(RAX, 4, 0, 0x3f3f3f3f);
        word(RDX, 12, 0, 0x0f0f0f0f);
        word(R10, 4, 6, 0x03030303);
        write(RAX, RDX, R10, SCALES, 0);
        word(R8, 8, 0, 0x3f3f3f3f);
        word(R9, 12, 4, 0x0f0f0f0f);
        word(R10, 8, 6, 0x03030303);
        write(R8, R9, R10, MINIMA, 2);
    }

    private void word(Gpr to, int at, int shift, int mask) {
        a.mov32(to, at(RSI, at));
        if (shift != 0) {
            a.shr(to, shift);
        }
        a.and(to, mask);
    }

    /// Multiplies 8 bytes by the F16 value at RSI + `factor`.
    ///
    /// @param high the low 4 bits of groups 4 to 7
    /// @param top their 2 high bits
    private void write(Gpr low, Gpr high, Gpr top, int to, int factor) {
        a.shl(top, 4);
        a.add(high, top);
        a.op(VMOVD, xmm(0), low);
        a.op(VMOVD, xmm(1), high);
        a.op(VPUNPCKLDQ, xmm(0), xmm(0), xmm(1));
        a.op(VPMOVZXBD, ymm(0), xmm(0));
        a.op(VCVTDQ2PS, ymm(0), ymm(0));
        DecodeCode.half(a, ymm(1), factor);
        a.op(VMULPS, ymm(0), ymm(0), ymm(1));
        a.op(VMOVUPS, at(RSP, to), ymm(0));
    }

    private void groupsOf16() {
        DecodeCode.half(a, broadcast, 208);
        for (int first = 0; first < 16; first += lanes) {
            a.op(VPMOVSXBD, numbers, at(RSI, 192 + first));
            a.op(VCVTDQ2PS, numbers, numbers);
            a.op(VMULPS, numbers, numbers, broadcast);
            a.op(VMOVUPS, at(RSP, SCALES + 4 * first), numbers);
        }
        for (int group = 0; group < 16; group++) {
            int run = group / 2 % 4;
            int low = group / 8 * 64 + run % 2 * 32 + group % 2 * 16;
            int high = 128 + group / 8 * 32 + group % 2 * 16;
            for (int first = 0; first < 16; first += lanes) {
                a.op(VPMOVZXBD, numbers, at(RSI, low + first));
                if (run >= 2) {
                    a.op(VPSRLD, numbers, numbers, 4);
                } else {
                    a.and(numbers, numbers, constants.of(15));
                }
                // Bits 2 run and 2 run + 1 become bits 4 and 5.
                a.op(VPMOVZXBD, bits, at(RSI, high + first));
                shift(bits, 4 - 2 * run);
                a.and(bits, bits, constants.of(0x30));
                a.or(numbers, numbers, bits);
                a.op(VPADDD, numbers, numbers, constants.of(-32));
                a.op(VCVTDQ2PS, numbers, numbers);
                a.op(VMULPS, numbers, numbers, a.broadcast(at(RSP, SCALES + 4 * group), broadcast));
                a.op(VMOVUPS, at(RDI, 64 * group + 4 * first), numbers);
            }
        }
    }
}
