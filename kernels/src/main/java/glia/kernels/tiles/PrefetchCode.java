package glia.kernels.tiles;

import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Gpr.RAX;
import static glia.kernels.asm.Operand.Mem.at;

import glia.kernels.asm.Assembler;
import glia.kernels.asm.Assembler.Condition;
import glia.kernels.asm.Assembler.Label;
import glia.kernels.code.Emitter;
import glia.kernels.code.IsaLevel;
import glia.kernels.tiled.Prefetch;

/// Emits prefetching of the lines of a `Prefetch` into the L2 cache, between multiplications. Prefetching into L1 would
/// delay the loads that these wait for.
final class PrefetchCode {
    private PrefetchCode() { }

    /// The number of lines a step must prefetch, if as much is needed next as the step reads.
    ///
    /// @param vectors the vectors that the step reads
    /// @param users how many of `all` users of these vectors the step serves
    static int lines(IsaLevel level, int vectors, int users, int all) {
        return Math.ceilDiv(vectors * level.bytes * users, Prefetch.LINE * all);
    }

    /// Prefetches this many lines, at least 1, or the rest. RAX is overwritten.
    ///
    /// @param next the address of the next line
    /// @param ahead the address of the `Prefetch`
    static void emit(Emitter a, Gpr next, Gpr ahead, Mem lines) {
        Label none = new Label();
        Label inRow = new Label();
        a.mov(RAX, lines);
        Label line = a.here();
        a.cmp(next, at(ahead, Prefetch.END));
        a.jump(Condition.ABOVE_OR_EQUAL, none);
        a.prefetch(Assembler.Cache.T1, at(next));
        a.add(next, Prefetch.LINE);
        a.cmp(next, at(ahead, Prefetch.ROW_END));
        a.jump(Condition.BELOW, inRow);
        a.add(next, at(ahead, Prefetch.GAP));
        a.push(RAX);
        a.mov(RAX, at(ahead, Prefetch.ROW_END));
        a.add(RAX, at(ahead, Prefetch.STEP));
        a.mov(at(ahead, Prefetch.ROW_END), RAX);
        a.pop(RAX);
        a.bind(inRow);
        a.dec(RAX);
        a.jump(Condition.NOT_EQUAL, line);
        a.bind(none);
    }
}
