package glia.tensor.kernel.emitted;

import static glia.tensor.asm.Gpr.R10;
import static glia.tensor.asm.Gpr.R11;
import static glia.tensor.asm.Gpr.R8;
import static glia.tensor.asm.Gpr.R9;
import static glia.tensor.asm.Gpr.RAX;
import static glia.tensor.asm.Gpr.RCX;
import static glia.tensor.asm.Gpr.RDI;
import static glia.tensor.asm.Gpr.RDX;
import static glia.tensor.asm.Gpr.RSI;
import static glia.tensor.asm.Mem.at;
import static glia.tensor.asm.Op.VADDPD;
import static glia.tensor.asm.Op.VADDPS;
import static glia.tensor.asm.Op.VBROADCASTSD;
import static glia.tensor.asm.Op.VBROADCASTSS;
import static glia.tensor.asm.Op.VCVTDQ2PD;
import static glia.tensor.asm.Op.VCVTPD2PS;
import static glia.tensor.asm.Op.VCVTPS2PD;
import static glia.tensor.asm.Op.VDIVPD;
import static glia.tensor.asm.Op.VFMADD231PD;
import static glia.tensor.asm.Op.VMOVD;
import static glia.tensor.asm.Op.VMOVUPS;
import static glia.tensor.asm.Op.VMULPD;
import static glia.tensor.asm.Op.VMULPS;
import static glia.tensor.asm.Op.VPXORD;
import static glia.tensor.asm.Op.VSQRTPD;
import static glia.tensor.asm.Op.VSUBPD;
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

/// Norms of rows, RMS (https://arxiv.org/abs/1910.07467) and layer norm (https://arxiv.org/abs/1607.06450), computed as
/// the scalar set does: sums, mean and factor in F64. So the results differ from that set's by the order of additions
/// in F64 alone, which is hardly ever seen in F32.
final class NormCode {
    private static final int SUMS = 4;
    private static final int VALUE = 8;
    /// Registers that hold the same for a row, or for all.
    private static final int FACTOR = 16;
    private static final int MEAN = 17;
    private static final int COLS = 18;
    private static final int EPS = 19;
    private static final int OFFSET = 20;
    private static final int ONE = 21;

    private static final Arena ARENA = Arena.ofAuto();
    private static final Constants CONSTANTS = new Constants(ARENA, R11);
    private static final Function RMS = CodePages.seal(ARENA, List.of(emit(false, false))).function(0);

    /// Apart, since few models have it.
    private static final class Layer {
        private static final CodePages PAGES = CodePages.seal(ARENA, List.of(emit(true, false), emit(true, true)));
        private static final Function WITHOUT_BIAS = PAGES.function(0);
        private static final Function WITH_BIAS = PAGES.function(1);
    }

    private NormCode() { }

    /// `y = x · factor · (w + offset)` for `rows` rows of `cols` numbers, at least 1 of each.
    static void rms(long y, long x, long w, int rows, int cols, float eps, float offset) {
        RMS.call(y, x, w, 0, pair(rows, cols), pair(Float.floatToRawIntBits(offset), Float.floatToRawIntBits(eps)));
    }

    /// `y = (x - mean) · factor · w + b`
    ///
    /// @param b 0 where there is none
    static void layer(long y, long x, long w, long b, int rows, int cols, float eps) {
        Function function = b == 0 ? Layer.WITHOUT_BIAS : Layer.WITH_BIAS;
        function.call(y, x, w, b, pair(rows, cols), pair(0, Float.floatToRawIntBits(eps)));
    }

    private static long pair(int high, int low) {
        return (long) high << 32 | low & 0xffffffffL;
    }

    private static byte[] emit(boolean centred, boolean biased) {
        var a = new Assembler();
        CONSTANTS.load(a);
        CONSTANTS.fill(a, xmm(VALUE), 1);
        a.op(VCVTPS2PD, xmm(ONE), xmm(VALUE));
        a.op(VMOVD, xmm(VALUE), R9);
        a.op(VCVTPS2PD, xmm(EPS), xmm(VALUE));
        a.shr(R9, 32);
        a.op(VMOVD, xmm(VALUE), R9);
        a.op(VBROADCASTSS, zmm(OFFSET), xmm(VALUE));
        a.op(VMOVD, xmm(VALUE), R8);
        a.op(VCVTDQ2PD, xmm(COLS), xmm(VALUE));
        // From here on: y RDI, x RSI, w RDX, b R9, rows R10, cols R8.
        a.mov(R9, RCX);
        a.mov(R10, R8);
        a.shr(R10, 32);
        a.mov32(R8, R8);
        Label row = a.here();
        if (centred) {
            sum(a, false, false);
            a.op(VDIVPD, xmm(MEAN), xmm(0), xmm(COLS));
            a.op(VBROADCASTSD, zmm(MEAN), xmm(MEAN));
        }
        sum(a, true, centred);
        a.op(VDIVPD, xmm(0), xmm(0), xmm(COLS));
        a.op(VADDPD, xmm(0), xmm(0), xmm(EPS));
        a.op(VSQRTPD, xmm(0), xmm(0));
        a.op(VDIVPD, xmm(0), xmm(ONE), xmm(0));
        if (centred) {
            a.op(VBROADCASTSD, zmm(FACTOR), xmm(0));
            applyCentred(a, biased);
        } else {
            a.op(VCVTPD2PS, xmm(0), xmm(0));
            a.op(VBROADCASTSS, zmm(FACTOR), xmm(0));
            apply(a);
        }
        a.lea(RSI, at(RSI, R8, 4, 0));
        a.lea(RDI, at(RDI, R8, 4, 0));
        a.dec(R10);
        a.jump(Condition.NOT_EQUAL, row);
        a.op(VZEROUPPER);
        a.ret();
        return a.toBytes();
    }

    /// Leaves `Σ x`, or `Σ (x - mean)²`, in register 0.
    private static void sum(Assembler assembler, boolean squared, boolean centred) {
        for (int i = 0; i < SUMS; i++) {
            assembler.op(VPXORD, zmm(i), zmm(i), zmm(i));
        }
        assembler.mov(RCX, R8);
        new Strip(8, SUMS) {
            @Override
            void vector(Assembler a, int at, int turn, Mask mask) {
                a.op(VCVTPS2PD, Strip.to(zmm(VALUE), mask), at(RSI, RAX, 1, at));
                if (centred) {
                    a.op(VSUBPD, zmm(VALUE), zmm(VALUE), zmm(MEAN));
                }
                if (squared) {
                    a.op(VFMADD231PD, zmm(turn).under(mask), zmm(VALUE), zmm(VALUE));
                } else {
                    a.op(VADDPD, zmm(turn), zmm(turn), zmm(VALUE));
                }
            }
        }.emit(assembler, R11);
        Lanes.merge(assembler, VADDPD, 0, SUMS);
        Lanes.reduce(assembler, VADDPD, 0, 1, 8);
    }

    private static void apply(Assembler assembler) {
        assembler.mov(RCX, R8);
        new Strip(16, 4) {
            @Override
            void vector(Assembler a, int at, int turn, Mask mask) {
                a.op(VMOVUPS, Strip.to(zmm(1), mask), at(RDX, RAX, 1, at));
                a.op(VADDPS, zmm(1), zmm(1), zmm(OFFSET));
                a.op(VMOVUPS, Strip.to(zmm(0), mask), at(RSI, RAX, 1, at));
                a.op(VMULPS, zmm(0), zmm(0), zmm(FACTOR));
                a.op(VMULPS, zmm(0), zmm(0), zmm(1));
                a.op(VMOVUPS, Strip.to(at(RDI, RAX, 1, at), mask), zmm(0));
            }
        }.emit(assembler, R11);
    }

    private static void applyCentred(Assembler assembler, boolean biased) {
        assembler.mov(RCX, R8);
        new Strip(8, 4) {
            @Override
            void vector(Assembler a, int at, int turn, Mask mask) {
                a.op(VCVTPS2PD, Strip.to(zmm(0), mask), at(RSI, RAX, 1, at));
                a.op(VSUBPD, zmm(0), zmm(0), zmm(MEAN));
                a.op(VMULPD, zmm(0), zmm(0), zmm(FACTOR));
                a.op(VCVTPD2PS, ymm(0), zmm(0));
                a.op(VMOVUPS, Strip.to(ymm(1), mask), at(RDX, RAX, 1, at));
                a.op(VMULPS, ymm(0), ymm(0), ymm(1));
                if (biased) {
                    a.op(VMOVUPS, Strip.to(ymm(1), mask), at(R9, RAX, 1, at));
                    a.op(VADDPS, ymm(0), ymm(0), ymm(1));
                }
                a.op(VMOVUPS, Strip.to(at(RDI, RAX, 1, at), mask), ymm(0));
            }
        }.emit(assembler, R11);
    }
}
