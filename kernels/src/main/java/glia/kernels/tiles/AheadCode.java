package glia.kernels.tiles;

import static glia.kernels.asm.Gpr.RAX;
import static glia.kernels.asm.Mem.at;

import glia.kernels.asm.Assembler;
import glia.kernels.asm.Condition;
import glia.kernels.asm.Gpr;
import glia.kernels.asm.Label;
import glia.kernels.asm.Mem;
import glia.kernels.code.Emitter;
import glia.kernels.code.Level;
import glia.kernels.tiled.Ahead;

/// Emits what asks the second cache for lines of `Ahead`, between products. Asked for the first cache, they hold up the
/// loads that the products wait for.
final class AheadCode {
    private AheadCode() { }

    /// How many lines a step must ask for that reads this much, if as much is needed next.
    ///
    /// @param vectors that the step reads
    /// @param users how many of all users of these vectors the step serves
    static int lines(Level level, int vectors, int users, int all) {
        return Math.ceilDiv(vectors * level.bytes * users, Ahead.LINE * all);
    }

    /// Asks for so many lines, at least 1, or for what is left. RAX is overwritten.
    ///
    /// @param next the address of the next line
    /// @param ahead where the `Ahead` lies
    static void emit(Emitter a, Gpr next, Gpr ahead, Mem lines) {
        Label none = new Label();
        Label inRow = new Label();
        a.mov(RAX, lines);
        Label line = a.here();
        a.cmp(next, at(ahead, Ahead.END));
        a.jump(Condition.ABOVE_OR_EQUAL, none);
        a.prefetch(Assembler.Cache.T1, at(next));
        a.add(next, Ahead.LINE);
        a.cmp(next, at(ahead, Ahead.ROW_END));
        a.jump(Condition.BELOW, inRow);
        a.add(next, at(ahead, Ahead.GAP));
        a.push(RAX);
        a.mov(RAX, at(ahead, Ahead.ROW_END));
        a.add(RAX, at(ahead, Ahead.STEP));
        a.mov(at(ahead, Ahead.ROW_END), RAX);
        a.pop(RAX);
        a.bind(inRow);
        a.dec(RAX);
        a.jump(Condition.NOT_EQUAL, line);
        a.bind(none);
    }
}
