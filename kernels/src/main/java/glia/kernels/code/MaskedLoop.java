package glia.kernels.code;

import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Gpr.RAX;
import static glia.kernels.asm.Operand.Gpr.RCX;

import glia.kernels.asm.Assembler.Condition;
import glia.kernels.asm.Assembler.Label;

/// A loop over RCX F32 values by vectors. The last values, which fill no vector, are processed with the mask K1, so
/// that nothing behind them is read or written. The work on one vector may use all registers but RCX (values left), RAX
/// (bytes done), the mask's temporary register, and the mask.
public final class MaskedLoop {
    private static final Mask REST = Mask.K1;

    /// The work on one vector.
    public interface Body {
        /// Emits the work on the vector at RAX + `at` bytes.
        ///
        /// @param copy the index in the unrolled loop, to distribute sums over several registers
        /// @param mask the lanes to read and write, K0 for all
        void vector(Emitter a, int at, int copy, Mask mask);
    }

    private MaskedLoop() { }

    /// Emits the loop.
    ///
    /// @param lanes values processed at a time: a vector or half of one
    /// @param unroll the unroll factor of the loop over whole vectors; `lanes · unroll` is at most 64
    /// @param temporary a register for the mask
    public static void emit(Emitter a, int lanes, int unroll, Gpr temporary, Body body) {
        Label rest = new Label();
        Label end = new Label();
        int step = lanes * unroll;
        a.xor(RAX, RAX);
        a.cmp(RCX, step);
        a.jump(Condition.LESS, rest);
        Label loop = a.here();
        for (int copy = 0; copy < unroll; copy++) {
            body.vector(a, 4 * lanes * copy, copy, Mask.K0);
        }
        a.add(RAX, 4 * step);
        a.sub(RCX, step);
        a.cmp(RCX, step);
        a.jump(Condition.GREATER_OR_EQUAL, loop);
        a.bind(rest);
        a.test(RCX, RCX);
        a.jump(Condition.EQUAL, end);
        Label last = a.here();
        maskOf(a, REST, temporary, 1);
        body.vector(a, 0, 0, REST);
        a.add(RAX, 4 * lanes);
        a.sub(RCX, lanes);
        a.jump(Condition.GREATER, last);
        a.bind(end);
    }

    /// Emits a mask of the first RCX · `times` lanes, or of all lanes if there are fewer; RCX is below 64 / `times`.
    public static void maskOf(Emitter a, Mask mask, Gpr temporary, int times) {
        a.mov(temporary, 1);
        for (int i = 0; i < times; i++) {
            a.shlByCl(temporary);
        }
        a.dec(temporary);
        a.mask(mask, temporary, temporary);
    }
}
