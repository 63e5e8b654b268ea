package glia.tensor.kernel.emitted;

import static glia.tensor.asm.Gpr.R11;
import static glia.tensor.asm.Gpr.R8;
import static glia.tensor.asm.Gpr.R9;
import static glia.tensor.asm.Gpr.RAX;
import static glia.tensor.asm.Gpr.RCX;
import static glia.tensor.asm.Gpr.RDI;
import static glia.tensor.asm.Gpr.RDX;
import static glia.tensor.asm.Gpr.RSI;
import static glia.tensor.asm.Mem.at;
import static glia.tensor.asm.Op.VADDPS;
import static glia.tensor.asm.Op.VANDPS;
import static glia.tensor.asm.Op.VBROADCASTSS;
import static glia.tensor.asm.Op.VCMPPS;
import static glia.tensor.asm.Op.VCVTDQ2PS;
import static glia.tensor.asm.Op.VCVTPH2PS;
import static glia.tensor.asm.Op.VMOVUPS;
import static glia.tensor.asm.Op.VMULPS;
import static glia.tensor.asm.Op.VPADDD;
import static glia.tensor.asm.Op.VPANDD;
import static glia.tensor.asm.Op.VPERMD;
import static glia.tensor.asm.Op.VPERMPS;
import static glia.tensor.asm.Op.VPMOVSXBD;
import static glia.tensor.asm.Op.VPMOVSXBW;
import static glia.tensor.asm.Op.VPMOVZXBD;
import static glia.tensor.asm.Op.VPMOVZXBW;
import static glia.tensor.asm.Op.VPSLLW;
import static glia.tensor.asm.Op.VPSRLVD;
import static glia.tensor.asm.Op.VSUBPS;
import static glia.tensor.asm.Op.VZEROUPPER;
import static glia.tensor.asm.Vec.ymm;
import static glia.tensor.asm.Vec.zmm;

import glia.tensor.CodedMatrix.Code;
import glia.tensor.asm.Assembler;
import glia.tensor.asm.Condition;
import glia.tensor.asm.Label;
import glia.tensor.asm.Mask;
import glia.tensor.asm.Vec;
import java.lang.foreign.Arena;
import java.util.List;

/// Decodes runs of codes to F32, `(value - zero) · scale`, with the bits of the definition. Codes of four bits are
/// looked up in a register of 16 values; E4M3 goes through half precision, whose exponent is as long and counts from
/// elsewhere.
final class CodedCode {
    /// Numbers that one call takes at most: a few µs.
    private static final int STRETCH = 8192;
    private static final int GREATER = 14;

    private static final Vec EVEN = zmm(0);
    private static final Vec ODD = zmm(1);
    private static final Vec SCALE = zmm(2);
    private static final Vec ZERO = zmm(3);
    private static final Vec CODES = zmm(4);
    private static final Vec TABLE = zmm(5);
    private static final Vec FIRST = zmm(6);
    private static final Vec SECOND = zmm(7);
    private static final Vec SHIFTS = zmm(16);

    private static final Arena ARENA = Arena.ofAuto();
    private static final Constants CONSTANTS = new Constants(ARENA, R11);
    /// By code, made when first needed.
    private static final Function[] DECODE = new Function[Code.values().length];

    private CodedCode() { }

    /// Numbers decoded in one step: runs are multiples of it.
    static int step(Code code) {
        return code.bits() == 4 ? 32 : 16;
    }

    private static synchronized Function make(Code code) {
        int index = code.ordinal();
        if (DECODE[index] == null) {
            DECODE[index] = CodePages.seal(ARENA, List.of(emit(code))).function(0);
        }
        return DECODE[index];
    }

    /// Decodes `numGroups` groups of `size` codes that lie one behind the other.
    ///
    /// @param scales the F32 scale of each group
    /// @param zeros the F32 zero point of each group
    /// @param size a multiple of `step`, at least 1
    static void decode(Code code, long to, long codes, long scales, long zeros, int numGroups, int size) {
        Function known = DECODE[code.ordinal()];
        Function decode = known != null ? known : make(code);
        int most = Math.max(1, STRETCH / size);
        for (int g = 0; g < numGroups; g += most) {
            int groups = Math.min(most, numGroups - g);
            for (int k = 0; k < size; k += STRETCH) {
                long first = (long) g * size + k;
                decode.call(to + 4 * first, codes + first * code.bits() / 8, scales + 4L * g, zeros + 4L * g, groups,
                        Math.min(STRETCH, size - k));
            }
        }
    }

    /// A function of an address to write to (RDI), codes (RSI), scales (RDX), zero points (RCX), the number of groups
    /// (R8) and their size (R9).
    private static byte[] emit(Code code) {
        var a = new Assembler();
        CONSTANTS.load(a);
        if (code.bits() == 4) {
            a.op(VMOVUPS, TABLE, CONSTANTS.vector(table(code)));
            a.op(VMOVUPS, FIRST, CONSTANTS.vector(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7));
            a.op(VMOVUPS, SECOND, CONSTANTS.vector(8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15));
            a.op(VMOVUPS, SHIFTS, CONSTANTS.vector(0, 4, 0, 4, 0, 4, 0, 4, 0, 4, 0, 4, 0, 4, 0, 4));
        }
        Label group = a.here();
        a.op(VBROADCASTSS, SCALE, at(RDX));
        a.op(VBROADCASTSS, ZERO, at(RCX));
        a.mov(RAX, R9);
        Label loop = a.here();
        if (code.bits() == 4) {
            nibbles(a);
        } else {
            bytes(a, code);
        }
        a.add(RDI, 4 * step(code));
        a.add(RSI, 16);
        a.sub(RAX, step(code));
        a.jump(Condition.NOT_EQUAL, loop);
        a.add(RDX, 4);
        a.add(RCX, 4);
        a.dec(R8);
        a.jump(Condition.NOT_EQUAL, group);
        a.op(VZEROUPPER);
        a.ret();
        return a.toBytes();
    }

    private static int[] table(Code code) {
        float[] magnitudes = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
        int[] bits = new int[16];
        for (int i = 0; i < 16; i++) {
            bits[i] = Float.floatToRawIntBits(switch (code) {
                case U4 -> i;
                case OFFSET4 -> i - 8;
                case E2M1 -> i < 8 ? magnitudes[i] : -magnitudes[i - 8];
                case E4M3, E5M2, I8, U8, OFFSET8 -> throw new IllegalArgumentException(code + " has 8 bits");
            });
        }
        return bits;
    }

    private static void nibbles(Assembler a) {
        a.op(VPMOVZXBD, CODES, at(RSI));
        a.op(VPERMD, EVEN, FIRST, CODES);
        a.op(VPERMD, ODD, SECOND, CODES);
        for (Vec part : new Vec[] {EVEN, ODD}) {
            a.op(VPSRLVD, part, part, SHIFTS);
            a.op(VPERMPS, part, part, TABLE);
            finish(a, part, part == EVEN ? 0 : 64);
        }
    }

    private static void bytes(Assembler a, Code code) {
        switch (code) {
            case E4M3 -> e4m3(a);
            case E5M2 -> {
                a.op(VPMOVZXBW, ymm(0), at(RSI));
                a.op(VPSLLW, ymm(0), ymm(0), 8);
                a.op(VCVTPH2PS, EVEN, ymm(0));
            }
            case I8 -> {
                a.op(VPMOVSXBD, EVEN, at(RSI));
                a.op(VCVTDQ2PS, EVEN, EVEN);
            }
            case U8, OFFSET8 -> {
                a.op(VPMOVZXBD, EVEN, at(RSI));
                if (code == Code.OFFSET8) {
                    a.op(VPADDD, EVEN, EVEN, CONSTANTS.of(-128));
                }
                a.op(VCVTDQ2PS, EVEN, EVEN);
            }
            case E2M1, U4, OFFSET4 -> throw new IllegalArgumentException(code + " has 4 bits");
        }
        finish(a, EVEN, 0);
    }

    /// Sign, exponent and mantissa go to their places in half precision, which makes 2^-8 of the number; what is above
    /// 448 then is the NaN.
    private static void e4m3(Assembler a) {
        a.op(VPMOVSXBW, ymm(0), at(RSI));
        a.op(VPSLLW, ymm(0), ymm(0), 7);
        a.op(VPANDD, ymm(0), ymm(0), CONSTANTS.of(0xbf80bf80));
        a.op(VCVTPH2PS, EVEN, ymm(0));
        a.op(VMULPS, EVEN, EVEN, CONSTANTS.of(256f));
        a.op(VANDPS, ODD, EVEN, CONSTANTS.of(0x7fffffff));
        a.op(VCMPPS, Mask.K1, ODD, CONSTANTS.of(448f), GREATER);
        a.op(VADDPS, EVEN.under(Mask.K1), EVEN, CONSTANTS.of(Float.NaN));
    }

    private static void finish(Assembler a, Vec values, int at) {
        a.op(VSUBPS, values, values, ZERO);
        a.op(VMULPS, values, values, SCALE);
        a.op(VMOVUPS, at(RDI, at), values);
    }
}
