package glia.kernels.code;

import static glia.kernels.asm.Gpr.RAX;
import static glia.kernels.asm.Gpr.RCX;

import glia.kernels.asm.Condition;
import glia.kernels.asm.Gpr;
import glia.kernels.asm.Label;
import glia.kernels.asm.Mask;

/// A loop over RCX F32 numbers, by vectors; the last numbers, which fill none, are taken under the mask K1, so that
/// nothing behind them is read or written. A subclass says what happens to one vector, and may use all registers but
/// RCX, which counts down, RAX, which holds the bytes done, the one for the mask, and the mask.
public abstract class MaskedLoop {
    private static final Mask REST = Mask.K1;

    private final int lanes;
    private final int unroll;

    /// @param lanes numbers that are taken at a time: a vector or half of one
    /// @param unroll how often the body stands in the loop over whole vectors; `lanes · unroll` is at most 64
    public MaskedLoop(int lanes, int unroll) {
        this.lanes = lanes;
        this.unroll = unroll;
    }

    /// Emits the work on the vector that begins RAX + `at` bytes behind the first number.
    ///
    /// @param turn which of the bodies in the loop, to spread sums over several registers
    /// @param mask the lanes to be read and written, K0 for all
    public abstract void vector(Emitter a, int at, int turn, Mask mask);

    /// Emits the loop.
    ///
    /// @param temporary a register for the mask
    public final void emit(Emitter a, Gpr temporary) {
        Label rest = new Label();
        Label end = new Label();
        int step = lanes * unroll;
        a.xor(RAX, RAX);
        a.cmp(RCX, step);
        a.jump(Condition.LESS, rest);
        Label loop = a.here();
        for (int turn = 0; turn < unroll; turn++) {
            vector(a, 4 * lanes * turn, turn, Mask.K0);
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
        vector(a, 0, 0, REST);
        a.add(RAX, 4 * lanes);
        a.sub(RCX, lanes);
        a.jump(Condition.GREATER, last);
        a.bind(end);
    }

    /// Emits `mask = ` the first RCX · `times` lanes, all of them where that is more than there are; RCX is below 64 /
    /// `times`.
    public static void maskOf(Emitter a, Mask mask, Gpr temporary, int times) {
        a.mov(temporary, 1);
        for (int i = 0; i < times; i++) {
            a.shlByCl(temporary);
        }
        a.dec(temporary);
        a.mask(mask, temporary, temporary);
    }
}
