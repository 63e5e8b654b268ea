package glia.kernels.tiles;

import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;

import glia.kernels.asm.Assembler.Condition;
import glia.kernels.asm.Assembler.Label;
import glia.kernels.code.CodePages;
import glia.kernels.code.Emitter;
import glia.kernels.code.CodePages.Function;
import glia.kernels.code.IsaLevel;
import java.lang.foreign.Arena;
import java.util.List;

/// Emits the split of F32 values into sums of BF16 terms, each the remainder rounded to BF16:
/// ```
/// x = t0 + t1 + t2        t0 = bf16(x)      t1 = bf16(x - t0)      t2 = bf16(x - t0 - t1)
/// ```
/// Three terms of 8 bits hold all 24 mantissa bits, except for parts below 2^-126, which the instruction flushes to 0.
/// One term is rounding to BF16. Values from 2^63 on, infinities and NaN do not fit three terms, whose products would
/// overflow; a call returns whether it met any. For processors with AVX-512 BF16.
public final class Bf16x3Code {
    /// Bytes from a term of 32 values, or of 16 by 32, to the next term.
    public static final int TERM_BYTES = 2048;
    /// Values, or pairs, in a unit.
    static final int STEP = 32;
    private static final int LINE = 64;
    private static final float LIMIT = 0x1p63f;
    private static final int NOT_LESS = 5;

    /// Each emitted at its first use.
    private static final class One {
        static final Bf16x3Code CODE = new Bf16x3Code(1);
    }

    private static final class Three {
        static final Bf16x3Code CODE = new Bf16x3Code(3);
    }

    private final int terms;
    private final Function apart;
    private final Function apartRest;
    private final Function together;
    private final Function togetherRest;

    private Bf16x3Code(int terms) {
        this.terms = terms;
        CodePages pages = CodePages.seal(Arena.ofAuto(), List.of(apart(false), apart(true), together(false),
                together(true)));
        apart = pages.function(0);
        apartRest = pages.function(1);
        together = pages.function(2);
        togetherRest = pages.function(3);
    }

    /// @param terms 1 or 3
    public static Bf16x3Code of(int terms) {
        return terms == 1 ? One.CODE : Three.CODE;
    }

    /// Writes the terms of `count` values, each 32 of them `step` bytes further; the last 32 are padded with zeros.
    ///
    /// @return whether all values fit; one term always does
    public boolean apart(long to, long step, long from, int count) {
        int steps = count / STEP;
        int rest = count % STEP;
        long outside = steps == 0 ? 0 : apart.call(to, from, steps, step, 0, 0);
        if (rest > 0) {
            outside |= apartRest.call(to + steps * step, from + 4L * steps * STEP, (1L << rest) - 1, 0, 0, 0);
        }
        return outside == 0;
    }

    /// Writes the terms of pairs `(a[i], b[i])`, 32 pairs a unit, a's in the lower half.
    ///
    /// @param units at least 0
    /// @param toStep bytes from unit to unit of the pairs
    /// @param fromStep bytes from unit to unit of a and of b
    /// @return whether all values fit
    public boolean together(long to, long a, long b, int units, long toStep, long fromStep) {
        return units == 0 || together.call(to, a, b, units, toStep, fromStep) == 0;
    }

    /// Writes the terms of pairs of two rows of `count` values; the last unit is padded with zeros.
    ///
    /// @param toStep bytes from unit to unit of the pairs
    /// @return whether all values fit
    public boolean rowsTogether(long to, long a, long b, int count, long toStep) {
        int units = count / STEP;
        int rest = count % STEP;
        boolean fit = together(to, a, b, units, toStep, 2 * LINE);
        if (rest > 0) {
            long done = 2L * LINE * units;
            fit &= togetherRest.call(to + units * toStep, a + done, b + done, (1L << rest) - 1, 0, 0) == 0;
        }
        return fit;
    }

    /// RDI: to, RSI: from, RDX: count / 32, or the mask of 32 lanes, RCX: bytes from 32 results to the next.
    private byte[] apart(boolean rest) {
        var a = begin();
        if (rest) {
            masks(a, RDX);
        }
        Label loop = a.here();
        load(a, a.v(0), RSI, 0, rest ? Mask.K1 : Mask.K0);
        load(a, a.v(1), RSI, LINE, rest ? Mask.K2 : Mask.K0);
        for (int t = 0; t < terms; t++) {
            a.op(VCVTNE2PS2BF16, a.v(2), a.v(1), a.v(0));
            a.op(VMOVUPS, at(RDI, TERM_BYTES * t), a.v(2));
            if (t < terms - 1) {
                widen(a);
                subtract(a);
            }
        }
        if (!rest) {
            a.add(RSI, 2 * LINE);
            a.add(RDI, RCX);
            a.dec(RDX);
            a.jump(Condition.NOT_EQUAL, loop);
        }
        return end(a);
    }

    /// RDI: to, RSI: a, RDX: b, RCX: units, or the mask of 32 lanes, R8: bytes from unit to unit of the pairs, R9: of
    /// the values.
    private byte[] together(boolean rest) {
        var a = begin();
        if (rest) {
            masks(a, RCX);
        }
        Label loop = a.here();
        for (int half = 0; half < 2; half++) {
            Mask mask = !rest ? Mask.K0 : half == 0 ? Mask.K1 : Mask.K2;
            load(a, a.v(0), RSI, LINE * half, mask);
            load(a, a.v(1), RDX, LINE * half, mask);
            for (int t = 0; t < terms; t++) {
                a.op(VCVTNE2PS2BF16, a.v(2), a.v(1), a.v(0));
                widen(a);
                a.op(VPORD, a.v(6), a.v(4), a.v(5));
                a.op(VMOVUPS, at(RDI, TERM_BYTES * t + LINE * half), a.v(6));
                if (t < terms - 1) {
                    subtract(a);
                }
            }
        }
        if (!rest) {
            a.add(RSI, R9);
            a.add(RDX, R9);
            a.add(RDI, R8);
            a.dec(RCX);
            a.jump(Condition.NOT_EQUAL, loop);
        }
        return end(a);
    }

    private Emitter begin() {
        var a = new Emitter(IsaLevel.AVX512);
        if (terms > 1) {
            a.fill(a.v(29), Float.floatToIntBits(LIMIT), RAX);
            a.fill(a.v(30), Integer.MAX_VALUE, RAX);
            a.zero(a.v(31));
        }
        return a;
    }

    private static void masks(Emitter a, Gpr bits) {
        a.mask(Mask.K1, bits, RAX);
        a.mov(R10, bits);
        a.shr(R10, 16);
        a.mask(Mask.K2, R10, RAX);
    }

    private void load(Emitter a, Vec to, Gpr from, int offset, Mask mask) {
        a.load(to, at(from, offset), mask);
        if (terms > 1) {
            a.op(VPANDD, a.v(7), to, a.v(30));
            a.op(VPMAXSD, a.v(31), a.v(31), a.v(7));
        }
    }

    /// Moves register 2's lower half to the lower halves of register 4's lanes, its upper half to register 5 as F32.
    private static void widen(Emitter a) {
        a.op(VEXTRACTF64X4, a.half(3), a.v(2), 1);
        a.op(VPMOVZXWD, a.v(4), a.half(2));
        a.op(VPMOVZXWD, a.v(5), a.half(3));
        a.op(VPSLLD, a.v(5), a.v(5), 16);
    }

    /// Computes the remainders, exactly.
    private static void subtract(Emitter a) {
        a.op(VPSLLD, a.v(4), a.v(4), 16);
        a.op(VSUBPS, a.v(0), a.v(0), a.v(4));
        a.op(VSUBPS, a.v(1), a.v(1), a.v(5));
    }

    /// Magnitudes were compared as integers, which puts NaN above infinity.
    private byte[] end(Emitter a) {
        if (terms > 1) {
            a.op(VCMPPS, Mask.K1, a.v(31), a.v(29), NOT_LESS);
            a.op(KMOVW_TO, RAX, Mask.K1);
        } else {
            a.xor(RAX, RAX);
        }
        return a.end();
    }
}
