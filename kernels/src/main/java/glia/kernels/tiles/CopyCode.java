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

/// Moves memory. It asks for rows that the code after next will read, so that they come while other rows are computed
/// with: the processor fetches by itself what follows in memory, but not what lies at steps of a kilobyte. And it
/// collects the pieces of rows that make a tile.
final class CopyCode {
    private static final int LINE = 64;
    private static final PerIsaLevel<CopyCode> CODES = new PerIsaLevel<>(CopyCode::new);

    private final Function fetch;
    /// For each shape of tiles.
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

    /// Touches nothing: addresses that do not exist do no harm.
    ///
    /// @param rows at least 1
    /// @param sizeBytes of a row, at least 1
    void fetch(long from, long step, int rows, long sizeBytes) {
        fetch.call(from, step, rows, sizeBytes, 0, 0);
    }

    /// Copies `count` pieces of as many numbers as tiles have rows, which lie `step` bytes apart, one behind the other.
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
        // In two parts, of 12 numbers 8 and 4, of 6 twice 4, which overlap: stores under masks take longer.
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
