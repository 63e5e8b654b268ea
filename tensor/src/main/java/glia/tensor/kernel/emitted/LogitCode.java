package glia.tensor.kernel.emitted;

import static glia.tensor.asm.Gpr.R10;
import static glia.tensor.asm.Gpr.R11;
import static glia.tensor.asm.Gpr.RAX;
import static glia.tensor.asm.Gpr.RDI;
import static glia.tensor.asm.Gpr.RDX;
import static glia.tensor.asm.Gpr.RSI;
import static glia.tensor.asm.Mem.at;
import static glia.tensor.asm.Op.KMOVW_TO;
import static glia.tensor.asm.Op.VADDPD;
import static glia.tensor.asm.Op.VCMPPS;
import static glia.tensor.asm.Op.VCVTPD2PS;
import static glia.tensor.asm.Op.VCVTPS2PD;
import static glia.tensor.asm.Op.VEXTRACTF64X4;
import static glia.tensor.asm.Op.VMAXPS;
import static glia.tensor.asm.Op.VMOVD_TO;
import static glia.tensor.asm.Op.VMOVUPS;
import static glia.tensor.asm.Op.VPBROADCASTD_GPR;
import static glia.tensor.asm.Op.VPXORD;
import static glia.tensor.asm.Op.VSUBPS;
import static glia.tensor.asm.Op.VZEROUPPER;
import static glia.tensor.asm.Vec.xmm;
import static glia.tensor.asm.Vec.ymm;
import static glia.tensor.asm.Vec.zmm;

import glia.tensor.asm.Assembler;
import glia.tensor.asm.Condition;
import glia.tensor.asm.Label;
import glia.tensor.asm.Mask;
import java.lang.foreign.Arena;
import java.util.List;

/// Reductions of a stretch of numbers to one.
final class LogitCode {
    private static final int ORDERED_EQUAL = 0;
    private static final int SUMS = 4;
    private static final int VALUE = 8;
    private static final int TEMPORARY = 9;
    private static final int OTHER = 10;
    private static final int LEAST = 16;
    private static final int WANTED = 17;

    private static final Arena ARENA = Arena.ofAuto();
    private static final Constants CONSTANTS = new Constants(ARENA, R11);
    private static final CodePages PAGES = CodePages.seal(ARENA, List.of(emitLargest(), emitFirst(), emitSum()));
    private static final Function LARGEST = PAGES.function(0);
    private static final Function FIRST = PAGES.function(1);
    private static final Function SUM = PAGES.function(2);

    private LogitCode() { }

    /// The largest of `count` numbers; -∞ where there is none but NaN.
    static float largest(long x, long count) {
        return Float.intBitsToFloat((int) LARGEST.call(x, 0, 0, count, 0, 0));
    }

    /// The index of the first number that equals `wanted`, or -1.
    static long first(long x, long count, float wanted) {
        long found = FIRST.call(x, 0, Float.floatToRawIntBits(wanted), count, 0, 0);
        return found == 0 ? -1 : (found >>> 16) + Long.numberOfTrailingZeros(found);
    }

    /// `Σ e^(x - shift)`, added up in F64, for numbers of which none is above `shift`; see `ExpCode` for the error.
    static float sumOfExponentials(long x, long count, float shift) {
        return Float.intBitsToFloat((int) SUM.call(x, 0, Float.floatToRawIntBits(shift), count, 0, 0));
    }

    private static byte[] end(Assembler a) {
        a.op(VZEROUPPER);
        a.ret();
        return a.toBytes();
    }

    private static byte[] emitLargest() {
        var assembler = new Assembler();
        CONSTANTS.load(assembler);
        for (int i = 0; i < SUMS; i++) {
            CONSTANTS.fill(assembler, zmm(i), Float.NEGATIVE_INFINITY);
        }
        new Strip(16, SUMS) {
            @Override
            void vector(Assembler a, int at, int turn, Mask mask) {
                a.op(VMOVUPS, Strip.to(zmm(VALUE), mask), at(RDI, RAX, 1, at));
                // Where the number is NaN, the last operand is the answer.
                a.op(VMAXPS, zmm(turn).under(mask), zmm(VALUE), zmm(turn));
            }
        }.emit(assembler, R10);
        Lanes.merge(assembler, VMAXPS, 0, SUMS);
        Lanes.reduce(assembler, VMAXPS, 0, 1, 4);
        assembler.op(VMOVD_TO, RAX, xmm(0));
        return end(assembler);
    }

    /// Answers 0, or the index of the vector in which the number was found, shifted left by 16, with a bit for each
    /// lane that equals it.
    private static byte[] emitFirst() {
        var assembler = new Assembler();
        Label found = new Label();
        CONSTANTS.load(assembler);
        CONSTANTS.fill(assembler, zmm(LEAST), Float.NaN);
        assembler.op(VPBROADCASTD_GPR, zmm(WANTED), RDX);
        new Strip(16, 1) {
            @Override
            void vector(Assembler a, int at, int turn, Mask mask) {
                a.op(VMOVUPS, zmm(VALUE), zmm(LEAST));
                a.op(VMOVUPS, zmm(VALUE).under(mask), at(RDI, RAX, 1, at));
                a.op(VCMPPS, Mask.K2, zmm(VALUE), zmm(WANTED), ORDERED_EQUAL);
                a.op(KMOVW_TO, RSI, Mask.K2);
                a.test(RSI, RSI);
                a.jump(Condition.NOT_EQUAL, found);
            }
        }.emit(assembler, R10);
        assembler.xor(RAX, RAX);
        assembler.xor(RSI, RSI);
        assembler.bind(found);
        // RAX holds the bytes done, 4 a number.
        assembler.shl(RAX, 14);
        assembler.add(RAX, RSI);
        return end(assembler);
    }

    private static byte[] emitSum() {
        var assembler = new Assembler();
        CONSTANTS.load(assembler);
        CONSTANTS.fill(assembler, zmm(LEAST), Float.NEGATIVE_INFINITY);
        assembler.op(VPBROADCASTD_GPR, zmm(WANTED), RDX);
        for (int i = 0; i < SUMS; i++) {
            assembler.op(VPXORD, zmm(i), zmm(i), zmm(i));
        }
        new Strip(16, SUMS / 2) {
            @Override
            void vector(Assembler a, int at, int turn, Mask mask) {
                // Lanes that are not read add e^-∞.
                a.op(VMOVUPS, zmm(VALUE), zmm(LEAST));
                a.op(VMOVUPS, zmm(VALUE).under(mask), at(RDI, RAX, 1, at));
                a.op(VSUBPS, zmm(VALUE), zmm(VALUE), zmm(WANTED));
                ExpCode.emitBounded(a, CONSTANTS, zmm(VALUE), zmm(TEMPORARY), zmm(OTHER));
                a.op(VCVTPS2PD, zmm(TEMPORARY), ymm(VALUE));
                a.op(VADDPD, zmm(2 * turn), zmm(2 * turn), zmm(TEMPORARY));
                a.op(VEXTRACTF64X4, ymm(VALUE), zmm(VALUE), 1);
                a.op(VCVTPS2PD, zmm(TEMPORARY), ymm(VALUE));
                a.op(VADDPD, zmm(2 * turn + 1), zmm(2 * turn + 1), zmm(TEMPORARY));
            }
        }.emit(assembler, R10);
        Lanes.merge(assembler, VADDPD, 0, SUMS);
        Lanes.reduce(assembler, VADDPD, 0, 1, 8);
        assembler.op(VCVTPD2PS, xmm(0), xmm(0));
        assembler.op(VMOVD_TO, RAX, xmm(0));
        return end(assembler);
    }
}
