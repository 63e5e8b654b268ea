package glia.tensor.kernel.emitted;

import static glia.tensor.asm.Gpr.R10;
import static glia.tensor.asm.Gpr.R11;
import static glia.tensor.asm.Gpr.R12;
import static glia.tensor.asm.Gpr.R13;
import static glia.tensor.asm.Gpr.R14;
import static glia.tensor.asm.Gpr.R8;
import static glia.tensor.asm.Gpr.R9;
import static glia.tensor.asm.Gpr.RAX;
import static glia.tensor.asm.Gpr.RBX;
import static glia.tensor.asm.Gpr.RCX;
import static glia.tensor.asm.Gpr.RDI;
import static glia.tensor.asm.Gpr.RDX;
import static glia.tensor.asm.Gpr.RSI;
import static glia.tensor.asm.Mem.at;
import static glia.tensor.asm.Op.VADDPS;
import static glia.tensor.asm.Op.VMOVUPS;
import static glia.tensor.asm.Op.VMULPS;
import static glia.tensor.asm.Op.VPBROADCASTD_GPR;
import static glia.tensor.asm.Op.VPERMPS;
import static glia.tensor.asm.Op.VPSHUFD;
import static glia.tensor.asm.Op.VSUBPS;
import static glia.tensor.asm.Op.VZEROUPPER;
import static glia.tensor.asm.Vec.ymm;
import static glia.tensor.asm.Vec.zmm;

import glia.tensor.asm.Assembler;
import glia.tensor.asm.Condition;
import glia.tensor.asm.Gpr;
import glia.tensor.asm.Label;
import glia.tensor.asm.Mask;
import glia.tensor.asm.Vec;
import glia.tensor.kernel.RopeTable;
import java.lang.foreign.Arena;
import java.util.List;

/// Rotary position embedding in place (https://arxiv.org/abs/2104.09864): pair (a, b) at the angle t becomes
/// `(a·cos t - b·sin t, b·cos t + a·sin t)`, with the bits of the scalar set.
final class RotateCode {
    private static final Gpr[] KEPT = {RBX, R12, R13, R14};
    private static final Vec COS = zmm(0);
    private static final Vec SIN = zmm(1);
    private static final Vec A = zmm(2);
    private static final Vec B = zmm(3);
    private static final Vec T = zmm(4);
    private static final Vec U = zmm(5);
    /// The sign of all sines, or -sign and sign in turns.
    private static final Vec SIGN = zmm(16);
    /// Each of the lower lanes twice.
    private static final Vec TWICE = zmm(17);

    private static final Arena ARENA = Arena.ofAuto();
    private static final Constants CONSTANTS = new Constants(ARENA, R11);
    private static final CodePages PAGES = CodePages.seal(ARENA, List.of(split(), interleaved()));
    private static final Function SPLIT = PAGES.function(0);
    private static final Function INTERLEAVED = PAGES.function(1);

    private RotateCode() { }

    /// Rotates `tokens` tokens at consecutive positions, each `heads` heads long.
    ///
    /// @param x the first token's numbers
    /// @param tokens at least 1, as are heads and pairs
    /// @param headSize at least `2 · numPairs`
    /// @param angles the first token's row of the table: `numPairs` cosines, as many sines
    static void rotate(RopeTable.Layout layout, long x, int tokens, int heads, int headSize, long angles, int numPairs,
            float sign) {
        (layout == RopeTable.Layout.HALF_SPLIT ? SPLIT : INTERLEAVED).call(x, (long) tokens << 32 | heads,
                4L * headSize, angles, numPairs, Float.floatToRawIntBits(sign));
    }

    private static byte[] split() {
        return emit(false, new Strip(16, 1) {
            @Override
            void vector(Assembler a, int at, int turn, Mask mask) {
                a.op(VMOVUPS, Strip.to(COS, mask), at(R9, RAX, 1, at));
                a.op(VMOVUPS, Strip.to(SIN, mask), at(R12, RAX, 1, at));
                a.op(VMULPS, SIN, SIN, SIGN);
                a.op(VMOVUPS, Strip.to(A, mask), at(RDI, RAX, 1, at));
                a.op(VMOVUPS, Strip.to(B, mask), at(RBX, RAX, 1, at));
                a.op(VMULPS, T, A, COS);
                a.op(VMULPS, U, B, SIN);
                a.op(VSUBPS, T, T, U);
                a.op(VMOVUPS, Strip.to(at(RDI, RAX, 1, at), mask), T);
                a.op(VMULPS, T, B, COS);
                a.op(VMULPS, U, A, SIN);
                a.op(VADDPS, T, T, U);
                a.op(VMOVUPS, Strip.to(at(RBX, RAX, 1, at), mask), T);
            }
        });
    }

    private static byte[] interleaved() {
        return emit(true, new Strip(8, 1) {
            @Override
            void vector(Assembler a, int at, int turn, Mask mask) {
                Mask pairs = Mask.K0;
                if (mask != Mask.K0) {
                    pairs = Mask.K2;
                    Strip.maskOf(a, pairs, R13, 2);
                }
                a.op(VMOVUPS, Strip.to(ymm(0), mask), at(R9, RAX, 1, at));
                a.op(VMOVUPS, Strip.to(ymm(1), mask), at(R12, RAX, 1, at));
                a.op(VPERMPS, COS, TWICE, COS);
                a.op(VPERMPS, SIN, TWICE, SIN);
                a.op(VMULPS, SIN, SIN, SIGN);
                a.op(VMOVUPS, Strip.to(A, pairs), at(RDI, RAX, 2, 2 * at));
                a.op(VPSHUFD, B, A, 0xb1);
                a.op(VMULPS, A, A, COS);
                a.op(VMULPS, B, B, SIN);
                a.op(VADDPS, A, A, B);
                a.op(VMOVUPS, Strip.to(at(RDI, RAX, 2, 2 * at), pairs), A);
            }
        });
    }

    /// The loops over tokens and heads around the one over pairs. While the code runs, RDI is the head, RBX its second
    /// half, R9 the cosines, R12 the sines, R8 the number of pairs.
    private static byte[] emit(boolean interleaved, Strip pairs) {
        var a = new Assembler();
        for (Gpr register : KEPT) {
            a.push(register);
        }
        a.op(VPBROADCASTD_GPR, SIGN, R9);
        if (interleaved) {
            CONSTANTS.load(a);
            a.op(VMULPS, SIGN, SIGN, CONSTANTS.vector(alternating()));
            a.op(VMOVUPS, TWICE, CONSTANTS.vector(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7));
        }
        a.mov(R9, RCX);
        a.mov(R10, RSI);
        a.shr(R10, 32);
        a.mov32(RSI, RSI);
        Label token = a.here();
        a.lea(R12, at(R9, R8, 4, 0));
        a.mov(R14, RSI);
        Label head = a.here();
        a.lea(RBX, at(RDI, R8, 4, 0));
        a.mov(RCX, R8);
        pairs.emit(a, R13);
        a.add(RDI, RDX);
        a.dec(R14);
        a.jump(Condition.NOT_EQUAL, head);
        a.lea(R9, at(R12, R8, 4, 0));
        a.dec(R10);
        a.jump(Condition.NOT_EQUAL, token);
        for (int i = KEPT.length - 1; i >= 0; i--) {
            a.pop(KEPT[i]);
        }
        a.op(VZEROUPPER);
        a.ret();
        return a.toBytes();
    }

    private static int[] alternating() {
        int[] signs = new int[16];
        for (int i = 0; i < signs.length; i++) {
            signs[i] = Float.floatToRawIntBits(i % 2 == 0 ? -1 : 1);
        }
        return signs;
    }
}
