package glia.kernels.decode;

import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;

import glia.kernels.asm.Assembler.Condition;
import glia.kernels.asm.Assembler.Label;
import glia.kernels.code.CodePages.CodeOnDemand;
import glia.kernels.code.Constants;
import glia.kernels.code.Emitter;
import glia.kernels.code.CodePages.Function;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.IsaLevel.PerIsaLevel;
import glia.tensor.QuantizedMatrix.Code;
import java.lang.foreign.Arena;
import java.util.Arrays;

/// Emits dequantization of runs of codes to F32, `(value - zero) · scale`, with the bits of the definition. 4-bit codes
/// are looked up in a register of 16 values; E4M3 is converted through FP16, which has wider exponents.
final class DequantizeCode {
    /// Maximal number of values in a call, which takes a few µs.
    private static final int MAX_PER_CALL = 8192;
    private static final int GREATER = 14;

    static final PerIsaLevel<DequantizeCode> CODES = new PerIsaLevel<>(DequantizeCode::new);

    private final IsaLevel level;
    private final Arena arena = Arena.ofAuto();
    private final Constants constants;
    /// By code, emitted at first use.
    private final CodeOnDemand decode =
            new CodeOnDemand(arena, Code.values().length, code -> emit(Code.values()[code]));
    private final Vec even;
    private final Vec odd;
    private final Vec scale;
    private final Vec zero;
    private final Vec codes;
    private final Vec table;
    private final Vec tableEnd;
    private final Vec first;
    private final Vec second;
    private final Vec shifts;

    private DequantizeCode(IsaLevel level) {
        this.level = level;
        even = level.v(0);
        odd = level.v(1);
        scale = level.v(2);
        zero = level.v(3);
        codes = level.v(4);
        table = level.v(5);
        tableEnd = level.v(6);
        first = level.v(7);
        second = level.v(8);
        shifts = level.v(9);
        constants = new Constants(arena, R11, level);
    }

    /// Values decoded in one step; runs are multiples of it.
    static int step(Code code) {
        return code.bits() == 4 ? 32 : 16;
    }

    /// Decodes `numGroups` consecutive groups of `size` codes.
    ///
    /// @param scales the F32 scale of each group
    /// @param zeros the F32 zero point of each group
    /// @param size a multiple of `step`, at least 1
    void decode(Code code, long to, long from, long scales, long zeros, int numGroups, int size) {
        Function function = decode.of(code.ordinal());
        int most = Math.max(1, MAX_PER_CALL / size);
        for (int g = 0; g < numGroups; g += most) {
            int groups = Math.min(most, numGroups - g);
            for (int k = 0; k < size; k += MAX_PER_CALL) {
                long at = (long) g * size + k;
                function.call(to + 4 * at, from + at * code.bits() / 8, scales + 4L * g, zeros + 4L * g, groups,
                        Math.min(MAX_PER_CALL, size - k));
            }
        }
    }

    /// Emits a function of the output address (RDI), codes (RSI), scales (RDX), zero points (RCX), the number of groups
    /// (R8) and their size (R9).
    private byte[] emit(Code code) {
        var a = new Emitter(level);
        constants.load(a);
        if (code.bits() == 2) {
            a.op(VMOVUPS, shifts, level.isWide()
                    ? constants.vector(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
                    : constants.vector(0, 2, 4, 6, 8, 10, 12, 14));
        } else if (code.bits() == 4) {
            int[] values = table(code);
            if (a.isWide()) {
                a.op(VMOVUPS, table, constants.vector(values));
                a.op(VMOVUPS, first, constants.vector(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7));
                a.op(VMOVUPS, second, constants.vector(8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15));
                a.op(VMOVUPS, shifts, constants.vector(0, 4, 0, 4, 0, 4, 0, 4, 0, 4, 0, 4, 0, 4, 0, 4));
            } else {
                a.op(VMOVUPS, table, constants.vector(Arrays.copyOf(values, 8)));
                a.op(VMOVUPS, tableEnd, constants.vector(Arrays.copyOfRange(values, 8, 16)));
                a.op(VMOVUPS, shifts, constants.vector(0, 4, 8, 12, 16, 20, 24, 28));
            }
        }
        Label group = a.here();
        a.op(VBROADCASTSS, scale, at(RDX));
        a.op(VBROADCASTSS, zero, at(RCX));
        a.mov(RAX, R9);
        Label loop = a.here();
        if (code.bits() == 2) {
            for (int part = 0; part < step(code); part += level.lanes) {
                pairs(a, code, part);
            }
        } else if (code.bits() >= 8) {
            for (int part = 0; part < step(code); part += level.lanes) {
                bytes(a, code, part);
            }
        } else if (a.isWide()) {
            nibbles(a);
        } else {
            for (int part = 0; part < step(code); part += level.lanes) {
                nibbles(a, part);
            }
        }
        a.add(RDI, 4 * step(code));
        a.add(RSI, step(code) * code.bits() / 8);
        a.sub(RAX, step(code));
        a.jump(Condition.NOT_EQUAL, loop);
        a.add(RDX, 4);
        a.add(RCX, 4);
        a.dec(R8);
        a.jump(Condition.NOT_EQUAL, group);
        return a.end();
    }

    private static int[] table(Code code) {
        int[] bits = new int[16];
        for (int i = 0; i < 16; i++) {
            bits[i] = Float.floatToRawIntBits(code.value(i));
        }
        return bits;
    }

    /// Decodes 32 4-bit codes.
    private void nibbles(Emitter a) {
        a.op(VPMOVZXBD, codes, at(RSI));
        a.op(VPERMD, even, first, codes);
        a.op(VPERMD, odd, second, codes);
        for (Vec part : new Vec[] {even, odd}) {
            a.op(VPSRLVD, part, part, shifts);
            a.op(VPERMPS, part, part, table);
            finish(a, part, part == even ? 0 : 64);
        }
    }

    /// Decodes 8 4-bit codes, from number `part` on. A lookup uses the lowest three bits; the fourth, as a sign,
    /// selects the table.
    private void nibbles(Emitter a, int part) {
        a.op(VPBROADCASTD, codes, at(RSI, part / 2));
        a.op(VPSRLVD, codes, codes, shifts);
        a.op(VPERMPS, even, codes, table);
        a.op(VPERMPS, odd, codes, tableEnd);
        a.op(VPSLLD, codes, codes, 28);
        a.op(VBLENDVPS, even, even, odd, codes);
        finish(a, even, 4 * part);
    }

    /// Decodes as many 2-bit codes as a vector has lanes, from number `part` on.
    private void pairs(Emitter a, Code code, int part) {
        a.op(VPBROADCASTD, codes, at(RSI));
        a.op(VPSRLVD, even, codes, shifts);
        if (part > 0) {
            a.op(VPSRLD, even, even, 2 * part);
        }
        a.and(even, even, constants.of(3));
        if (code == Code.TERNARY) {
            a.op(VPADDD, even, even, constants.of(-1));
        }
        a.op(VCVTDQ2PS, even, even);
        finish(a, even, 4 * part);
    }

    /// Decodes as many codes of whole bytes as a vector has lanes, from number `part` on.
    private void bytes(Emitter a, Code code, int part) {
        switch (code) {
            case E4M3 -> e4m3(a, part);
            case E5M2 -> {
                a.op(VPMOVZXBW, a.half(0), at(RSI, part));
                a.op(VPSLLW, a.half(0), a.half(0), 8);
                a.op(VCVTPH2PS, even, a.half(0));
            }
            case F16 -> a.op(VCVTPH2PS, even, at(RSI, 2 * part));
            case F32 -> a.op(VMOVUPS, even, at(RSI, 4 * part));
            case I8 -> {
                a.op(VPMOVSXBD, even, at(RSI, part));
                a.op(VCVTDQ2PS, even, even);
            }
            case U8, OFFSET8 -> {
                a.op(VPMOVZXBD, even, at(RSI, part));
                if (code == Code.OFFSET8) {
                    a.op(VPADDD, even, even, constants.of(-128));
                }
                a.op(VCVTDQ2PS, even, even);
            }
            default -> throw new IllegalArgumentException(code + " has " + code.bits() + " bits");
        }
        finish(a, even, 4 * part);
    }

    /// Moves sign, exponent and mantissa to their places in FP16, which gives 2^-8 of the value; a result above 448 is
    /// NaN.
    private void e4m3(Emitter a, int part) {
        a.op(VPMOVSXBW, a.half(0), at(RSI, part));
        a.op(VPSLLW, a.half(0), a.half(0), 7);
        a.and(a.half(0), a.half(0), constants.of(0xbf80bf80));
        a.op(VCVTPH2PS, even, a.half(0));
        a.op(VMULPS, even, even, constants.of(256f));
        a.op(VANDPS, odd, even, constants.of(0x7fffffff));
        a.compare(Mask.K1, odd, constants.of(448f), GREATER);
        a.op(VADDPS, odd, even, constants.of(Float.NaN));
        a.blend(even, Mask.K1, odd);
    }

    private void finish(Emitter a, Vec values, int at) {
        a.op(VSUBPS, values, values, zero);
        a.op(VMULPS, values, values, scale);
        a.op(VMOVUPS, at(RDI, at), values);
    }
}
