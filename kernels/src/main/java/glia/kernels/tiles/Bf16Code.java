package glia.kernels.tiles;

import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;
import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.Vec.zmm;

import glia.kernels.asm.Assembler;
import glia.kernels.asm.Assembler.Condition;
import glia.kernels.asm.Assembler.Label;
import glia.kernels.code.CodePages;
import glia.kernels.code.Function;
import glia.tensor.Memory;
import java.lang.foreign.Arena;
import java.util.List;

/// Emits rounding of F32 to BF16, half to even; subnormal values become 0, as in the instruction. For processors with
/// AVX-512 BF16.
public final class Bf16Code {
    private static final int STEP = 32;
    private static final CodePages PAGES = CodePages.seal(Arena.ofAuto(), List.of(round()));
    private static final Function ROUND = PAGES.function(0);

    private Bf16Code() { }

    /// Computes `to[i] = bf16(from[i])` for `count` values.
    public static void round(long to, long from, int count) {
        int steps = count / STEP;
        if (steps > 0) {
            ROUND.call(to, from, steps, 0, 0, 0);
        }
        for (int i = steps * STEP; i < count; i++) {
            Memory.i16(to + 2L * i, bf16(Memory.f32(from + 4L * i)));
        }
    }

    /// The bits of a value rounded to BF16.
    public static int bf16(float x) {
        int bits = Float.floatToRawIntBits(x);
        int magnitude = bits & 0x7FFF_FFFF;
        if (magnitude > 0x7F80_0000) {
            return bits >>> 16 | 0x40;
        }
        if (magnitude < 0x0080_0000) {
            return bits >>> 16 & 0x8000;
        }
        return bits + 0x7FFF + (bits >>> 16 & 1) >>> 16;
    }

    /// RDI: to, RSI: from, RDX: count / 32.
    private static byte[] round() {
        Assembler a = new Assembler();
        Label loop = a.here();
        a.op(VMOVUPS, zmm(0), at(RSI));
        a.op(VMOVUPS, zmm(1), at(RSI, 64));
        a.op(VCVTNE2PS2BF16, zmm(0), zmm(1), zmm(0));
        a.op(VMOVUPS, at(RDI), zmm(0));
        a.add(RSI, 128);
        a.add(RDI, 64);
        a.dec(RDX);
        a.jump(Condition.NOT_EQUAL, loop);
        a.op(VZEROUPPER);
        a.ret();
        return a.toBytes();
    }
}
