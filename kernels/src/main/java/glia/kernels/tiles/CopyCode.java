package glia.kernels.tiles;

import static glia.kernels.asm.Gpr.RAX;
import static glia.kernels.asm.Gpr.RCX;
import static glia.kernels.asm.Gpr.RDI;
import static glia.kernels.asm.Gpr.RDX;
import static glia.kernels.asm.Gpr.RSI;
import static glia.kernels.asm.Mem.at;
import static glia.kernels.asm.Op.VMOVUPS;

import glia.kernels.asm.Assembler;
import glia.kernels.asm.Condition;
import glia.kernels.asm.Label;
import glia.kernels.asm.Vec;
import glia.kernels.code.CodePages;
import glia.kernels.code.Emitter;
import glia.kernels.code.Function;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.PerIsaLevel;
import java.lang.foreign.Arena;
import java.util.List;

/// Emits prefetching and copying of rows. It prefetches rows that later code reads while other rows are being computed:
/// the hardware prefetcher detects consecutive lines, but not strides of a kilobyte. And it gathers the pieces of rows
/// that make a tile.
final class CopyCode {
    private static final int LINE = 64;
    private static final PerIsaLevel<CopyCode> CODES = new PerIsaLevel<>(CopyCode::new);

    private final Function fetch;
    /// One for each tile shape.
    private final Function[] collect = new Function[TileShape.values().length];

    private CopyCode(IsaLevel level) {
        CodePages pages = CodePages.seal(Arena.ofAuto(), List.of(emitFetch(level), emitCollect(TileShape.TALL, level),
                emitCollect(TileShape.WIDE, level)));
        fetch = pages.function(0);
        collect[TileShape.TALL.ordinal()] = pages.function(1);
        collect[TileShape.WIDE.ordinal()] = pages.function(2);
    }

    static CopyCode of(IsaLevel level) {
        return CODES.of(level);
    }

    /// Prefetches rows; invalid addresses are ignored.
    ///
    /// @param rows at least 1
    /// @param sizeBytes size of a row, at least 1
    void fetch(long from, long step, int rows, long sizeBytes) {
        fetch.call(from, step, rows, sizeBytes, 0, 0);
    }

    /// Copies `count` pieces of as many values as tiles have rows, `step` bytes apart, to consecutive memory.
    ///
    /// @param count at least 1
    void collect(TileShape shape, long from, long step, int count, long to) {
        collect[shape.ordinal()].call(from, to, count, step, 0, 0);
    }

    private static byte[] emitFetch(IsaLevel level) {
        var a = new Emitter(level);
        Label row = a.here();
        a.mov(RAX, 0);
        Label line = a.here();
        a.prefetch(Assembler.Cache.T1, at(RDI, RAX, 1, 0));
        a.add(RAX, LINE);
        a.cmp(RAX, RCX);
        a.jump(Condition.BELOW, line);
        a.add(RDI, RSI);
        a.dec(RDX);
        a.jump(Condition.NOT_EQUAL, row);
        return a.end();
    }

    private static byte[] emitCollect(TileShape shape, IsaLevel level) {
        var a = new Emitter(level);
        int size = shape.rows(level);
        Vec most = a.v(0).as(4 * Integer.highestOneBit(size));
        Vec rest = a.v(1).as(16);
        Label piece = a.here();
        // In two parts: 12 values as 8 and 4, 6 as two overlapping fours; masked stores are slower.
        a.op(VMOVUPS, most, at(RDI));
        a.op(VMOVUPS, rest, at(RDI, 4 * size - 16));
        a.op(VMOVUPS, at(RSI), most);
        a.op(VMOVUPS, at(RSI, 4 * size - 16), rest);
        a.add(RDI, RCX);
        a.add(RSI, 4 * size);
        a.dec(RDX);
        a.jump(Condition.NOT_EQUAL, piece);
        return a.end();
    }
}
