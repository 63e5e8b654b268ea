package glia.kernels.code;

import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.Vec.xmm;

import glia.kernels.asm.Op;
import glia.kernels.asm.Operand.Vec;

/// Emits reductions of several registers, and of the lanes of one, with an instruction such as an addition or a
/// maximum.
public final class Lanes {
    private static final int SWAP_HALVES = 0x4e;
    private static final int SWAP_NEIGHBOURS = 0xb1;

    private Lanes() { }

    /// Reduces the registers `first` to `first + count - 1` into the first, by halves.
    ///
    /// @param count a power of two
    public static void merge(Emitter a, Op op, int first, int count) {
        for (int half = count / 2; half > 0; half /= 2) {
            for (int i = first; i < first + half; i++) {
                a.op(op, a.v(i), a.v(i), a.v(i + half));
            }
        }
    }

    /// Reduces the halves of a register until its lowest `bytes` are left.
    ///
    /// @param temporary a register to be overwritten; both are below 16
    public static void halve(Emitter a, Op op, int register, int temporary, int bytes) {
        for (int left = a.bytes() / 2; left >= bytes; left /= 2) {
            Vec half = a.v(register).as(left);
            Vec upper = a.v(temporary).as(left);
            a.upperHalf(upper, a.v(register).as(2 * left));
            a.op(op, half, half, upper);
        }
    }

    /// Reduces all lanes of a register, by halves, into its lowest 16 bytes.
    ///
    /// @param temporary a register to be overwritten; both are below 16
    /// @param laneBytes 4 or 8
    public static void reduce(Emitter a, Op op, int register, int temporary, int laneBytes) {
        halve(a, op, register, temporary, 16);
        a.op(VPSHUFD, xmm(temporary), xmm(register), SWAP_HALVES);
        a.op(op, xmm(register), xmm(register), xmm(temporary));
        if (laneBytes == 4) {
            a.op(VPSHUFD, xmm(temporary), xmm(register), SWAP_NEIGHBOURS);
            a.op(op, xmm(register), xmm(register), xmm(temporary));
        }
    }

    /// Reduces all lanes of a register, by halves, so that each holds the result.
    ///
    /// @param temporary a register to be overwritten
    /// @param laneBytes 4 or 8
    public static void across(Emitter a, Op op, Vec v, Vec temporary, int laneBytes) {
        if (a.isWide()) {
            a.op(VSHUFF32X4, temporary, v, v, SWAP_HALVES);
            a.op(op, v, v, temporary);
            a.op(VSHUFF32X4, temporary, v, v, SWAP_NEIGHBOURS);
        } else {
            a.op(VPERM2F128, temporary, v, v, 1);
        }
        a.op(op, v, v, temporary);
        a.op(VPSHUFD, temporary, v, SWAP_HALVES);
        a.op(op, v, v, temporary);
        if (laneBytes == 4) {
            a.op(VPSHUFD, temporary, v, SWAP_NEIGHBOURS);
            a.op(op, v, v, temporary);
        }
    }
}
