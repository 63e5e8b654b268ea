package glia.tensor.kernel.emitted;

import static glia.tensor.asm.Gpr.R11;
import static glia.tensor.asm.Gpr.RAX;
import static glia.tensor.asm.Gpr.RCX;
import static glia.tensor.asm.Gpr.RDI;
import static glia.tensor.asm.Gpr.RDX;
import static glia.tensor.asm.Gpr.RSI;
import static glia.tensor.asm.Mem.at;
import static glia.tensor.asm.Op.KMOVW;
import static glia.tensor.asm.Op.VADDPS;
import static glia.tensor.asm.Op.VCVTDQ2PS;
import static glia.tensor.asm.Op.VCVTPH2PS;
import static glia.tensor.asm.Op.VMOVUPS;
import static glia.tensor.asm.Op.VMULPS;
import static glia.tensor.asm.Op.VPADDD;
import static glia.tensor.asm.Op.VPANDD;
import static glia.tensor.asm.Op.VPBROADCASTW;
import static glia.tensor.asm.Op.VPMOVSXBD;
import static glia.tensor.asm.Op.VPMOVZXBD;
import static glia.tensor.asm.Op.VPMOVZXWD;
import static glia.tensor.asm.Op.VPORD;
import static glia.tensor.asm.Op.VPSLLD;
import static glia.tensor.asm.Op.VPSRLD;
import static glia.tensor.asm.Op.VZEROUPPER;
import static glia.tensor.asm.Vec.ymm;
import static glia.tensor.asm.Vec.zmm;

import glia.tensor.DType;
import glia.tensor.asm.Assembler;
import glia.tensor.asm.Condition;
import glia.tensor.asm.Label;
import glia.tensor.asm.Mask;
import glia.tensor.asm.Vec;
import java.lang.foreign.Arena;
import java.util.List;

/// Decodes stored numbers to F32, with the bits of `Decode`: the plain types of 16 bits, ggml's formats with a scale
/// for each 32 numbers (their layout stands at `Blocks32`), and by `Decode256Code` those with blocks of 256. Nothing
/// but the numbers' own blocks is read.
final class DecodeCode {
    /// Numbers that one call takes at most: a few µs.
    private static final int STRETCH = 8192;
    private static final int BLOCK = 32;

    private static final Vec LOW = zmm(0);
    private static final Vec HIGH = zmm(1);
    private static final Vec SCALE = zmm(2);
    private static final Vec MIN = zmm(3);

    private static final Arena ARENA = Arena.ofAuto();
    private static final Constants CONSTANTS = new Constants(ARENA, R11);
    /// By type, made when first needed.
    private static final Function[] DECODE = new Function[DType.values().length];

    private DecodeCode() { }

    /// Whether there is code for a type.
    static boolean serves(DType type) {
        return switch (type) {
            case F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K -> true;
            default -> false;
        };
    }

    private static synchronized Function make(DType type) {
        int index = type.ordinal();
        if (DECODE[index] == null) {
            DECODE[index] = CodePages.seal(ARENA, List.of(emit(type))).function(0);
        }
        return DECODE[index];
    }

    /// Decodes `count` numbers, whole blocks.
    static void decode(DType type, long from, long to, long count) {
        // Read without a lock, since workers come here for each row: a function's fields are final.
        Function known = DECODE[type.ordinal()];
        Function decode = known != null ? known : make(type);
        for (long i = 0; i < count; i += STRETCH) {
            long part = Math.min(STRETCH, count - i);
            decode.call(to + 4 * i, from + i / type.blockElements() * type.blockBytes(), 0,
                    part / type.blockElements(), 0, 0);
        }
    }

    /// A function of an address to write to (RDI), one to read from (RSI), and a number of blocks (RCX).
    private static byte[] emit(DType type) {
        var a = new Assembler();
        CONSTANTS.load(a);
        switch (type) {
            case F16, BF16 -> plain(a, type == DType.BF16);
            default -> {
                Label end = new Label();
                a.test(RCX, RCX);
                a.jump(Condition.EQUAL, end);
                Label loop = a.here();
                if (type.blockElements() == BLOCK) {
                    block(a, type);
                } else {
                    Decode256Code.block(a, CONSTANTS, type);
                }
                a.add(RDI, 4 * type.blockElements());
                a.add(RSI, type.blockBytes());
                a.dec(RCX);
                a.jump(Condition.NOT_EQUAL, loop);
                a.bind(end);
            }
        }
        a.op(VZEROUPPER);
        a.ret();
        return a.toBytes();
    }

    private static void plain(Assembler assembler, boolean upperHalves) {
        new Strip(16, 2) {
            @Override
            void vector(Assembler a, int at, int turn, Mask mask) {
                // RAX counts bytes of F32: half as many are read.
                a.mov(RDX, RAX);
                a.shr(RDX, 1);
                if (upperHalves) {
                    a.op(VPMOVZXWD, Strip.to(LOW, mask), at(RSI, RDX, 1, at / 2));
                    a.op(VPSLLD, LOW, LOW, 16);
                } else {
                    a.op(VCVTPH2PS, Strip.to(LOW, mask), at(RSI, RDX, 1, at / 2));
                }
                a.op(VMOVUPS, Strip.to(at(RDI, RAX, 1, at), mask), LOW);
            }
        }.emit(assembler, RDX);
    }

    /// `to = ` the F16 number at RSI + `at`, for all lanes.
    static void half(Assembler a, Vec to, int at) {
        a.op(VPBROADCASTW, ymm(to.number()), at(RSI, at));
        a.op(VCVTPH2PS, to, ymm(to.number()));
    }

    private static void block(Assembler a, DType type) {
        boolean hasMin = type == DType.Q4_1 || type == DType.Q5_1;
        boolean hasFifthBit = type == DType.Q5_0 || type == DType.Q5_1;
        int bits = hasMin ? 4 : 2;
        half(a, SCALE, 0);
        if (hasMin) {
            half(a, MIN, 2);
        }
        if (type == DType.Q8_0) {
            a.op(VPMOVSXBD, LOW, at(RSI, 2));
            a.op(VPMOVSXBD, HIGH, at(RSI, 18));
        } else {
            a.op(VPMOVZXBD, LOW, at(RSI, bits + (hasFifthBit ? 4 : 0)));
            a.op(VPSRLD, HIGH, LOW, 4);
            a.op(VPANDD, LOW, LOW, CONSTANTS.of(15));
        }
        if (hasFifthBit) {
            a.mov32(RAX, at(RSI, bits));
            a.op(KMOVW, Mask.K1, RAX);
            a.shr(RAX, 16);
            a.op(KMOVW, Mask.K2, RAX);
            a.op(VPORD, LOW.under(Mask.K1), LOW, CONSTANTS.of(16));
            a.op(VPORD, HIGH.under(Mask.K2), HIGH, CONSTANTS.of(16));
        }
        for (Vec part : new Vec[] {LOW, HIGH}) {
            if (type == DType.Q4_0 || type == DType.Q5_0) {
                a.op(VPADDD, part, part, CONSTANTS.of(type == DType.Q4_0 ? -8 : -16));
            }
            a.op(VCVTDQ2PS, part, part);
            a.op(VMULPS, part, part, SCALE);
            if (hasMin) {
                a.op(VADDPS, part, part, MIN);
            }
            a.op(VMOVUPS, at(RDI, part == LOW ? 0 : 64), part);
        }
    }
}
