package glia.kernels.tiles;

import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;
import static glia.kernels.asm.Op.*;

import glia.kernels.asm.Assembler.Condition;
import glia.kernels.asm.Assembler.Label;
import glia.kernels.asm.Operand.Vec;
import glia.kernels.code.CodePages;
import glia.kernels.code.Emitter;
import glia.kernels.code.Function;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.PerIsaLevel;
import java.lang.foreign.Arena;
import java.util.List;

/// Emits the split of rows of 16-bit pairs into two rows: the lower values and the upper values.
final class SplitCode {
    /// The shuffle that undoes the interleaving of 128-bit halves by packing: 0, 2, 1, 3.
    private static final int IN_ORDER = 0b11_01_10_00;
    private static final PerIsaLevel<SplitCode> CODES = new PerIsaLevel<>(SplitCode::new);

    private final Function split;

    private SplitCode(IsaLevel level) {
        split = CodePages.seal(Arena.ofAuto(), List.of(emit(level))).function(0);
    }

    static SplitCode of(IsaLevel level) {
        return CODES.of(level);
    }

    /// Splits rows of `TileCode.cols` pairs.
    ///
    /// @param count at least 1
    void split(long pairs, int count, long to) {
        split.call(to, pairs, count, 0, 0, 0);
    }

    private static byte[] emit(IsaLevel level) {
        var a = new Emitter(level);
        Vec left = a.v(0);
        Vec right = a.v(1);
        Label loop = a.here();
        a.op(VMOVUPS, left, at(RSI));
        a.op(VMOVUPS, right, at(RSI, level.bytes));
        if (!a.isWide()) {
            // The lower 16 bits only.
            a.op(VPSLLD, a.v(2), left, 16);
            a.op(VPSLLD, a.v(3), right, 16);
            a.op(VPSRLD, a.v(2), a.v(2), 16);
            a.op(VPSRLD, a.v(3), a.v(3), 16);
        }
        store(a, 0, a.isWide() ? left : a.v(2), a.isWide() ? right : a.v(3));
        a.op(VPSRLD, left, left, 16);
        a.op(VPSRLD, right, right, 16);
        store(a, level.bytes, left, right);
        a.add(RSI, 2 * level.bytes);
        a.add(RDI, 2 * level.bytes);
        a.dec(RDX);
        a.jump(Condition.NOT_EQUAL, loop);
        return a.end();
    }

    /// Stores the lower 16 bits of the lanes of two registers.
    private static void store(Emitter a, int at, Vec left, Vec right) {
        if (a.isWide()) {
            a.op(VPMOVDW, at(RDI, at), left);
            a.op(VPMOVDW, at(RDI, at + a.bytes() / 2), right);
        } else {
            a.op(VPACKUSDW, left, left, right);
            a.op(VPERMQ, left, left, IN_ORDER);
            a.op(VMOVUPS, at(RDI, at), left);
        }
    }
}
