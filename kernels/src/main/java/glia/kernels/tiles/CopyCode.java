package glia.kernels.tiles;

import static glia.kernels.asm.Op.VMOVUPS;
import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;

import glia.kernels.asm.Assembler.Condition;
import glia.kernels.asm.Assembler.Label;
import glia.kernels.asm.Assembler;
import glia.kernels.asm.Operand.Vec;
import glia.kernels.code.CodePages.Function;
import glia.kernels.code.CodePages;
import glia.kernels.code.Emitter;
import glia.kernels.code.IsaLevel.PerIsaLevel;
import glia.kernels.code.IsaLevel;
import glia.kernels.tiles.TileCode.TileShape;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/// Emits prefetching and copying of rows. It prefetches rows that later code reads while other rows are being computed:
/// the hardware prefetcher detects consecutive lines, but not strides of a kilobyte. And it gathers the pieces of rows
/// that make a tile or a panel.
final class CopyCode {
    private static final int LINE = 64;
    static final PerIsaLevel<CopyCode> CODES = new PerIsaLevel<>(CopyCode::new);

    private final Function fetch;
    /// One for each tile shape.
    private final Function[] collect = new Function[TileShape.values().length];

    /// By tile shape and number of vectors, from 1 on.
    private final Function[][] copy = new Function[TileShape.values().length][];

    private CopyCode(IsaLevel level) {
        List<byte[]> codes = new ArrayList<>(List.of(emitFetch(level)));
        for (TileShape shape : TileShape.values()) {
            codes.add(emitCollect(shape, level));
            for (int vectors = 1; vectors <= shape.vectors(); vectors++) {
                codes.add(emitCopy(shape, vectors, level));
            }
        }
        CodePages pages = CodePages.seal(Arena.ofAuto(), codes);
        int next = 0;
        fetch = pages.function(next++);
        for (TileShape shape : TileShape.values()) {
            collect[shape.ordinal()] = pages.function(next++);
            copy[shape.ordinal()] = new Function[shape.vectors() + 1];
            for (int vectors = 1; vectors <= shape.vectors(); vectors++) {
                copy[shape.ordinal()][vectors] = pages.function(next++);
            }
        }
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

    /// Copies rows to panels: of each row `panels` pieces of `vectors` vectors, which follow each other, to as many
    /// panels, `partBytes` apart.
    ///
    /// @param vectors at most those of a panel
    /// @param rows at least 1; `step` bytes apart
    /// @param panels at least 1
    void copy(TileShape shape, int vectors, long from, long step, int rows, int panels, long to, long partBytes) {
        copy[shape.ordinal()][vectors].call(from, to, rows, step, panels, partBytes);
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

    private static byte[] emitCopy(TileShape shape, int vectors, IsaLevel level) {
        var a = new Emitter(level);
        Label row = a.here();
        a.mov(R10, RDI);
        a.mov(R11, RSI);
        a.mov(RAX, R8);
        Label piece = a.here();
        for (int i = 0; i < vectors; i++) {
            a.op(VMOVUPS, a.v(i), at(R10, i * level.bytes));
        }
        for (int i = 0; i < vectors; i++) {
            a.op(VMOVUPS, at(R11, i * level.bytes), a.v(i));
        }
        a.add(R10, vectors * level.bytes);
        a.add(R11, R9);
        a.dec(RAX);
        a.jump(Condition.NOT_EQUAL, piece);
        a.add(RDI, RCX);
        a.add(RSI, shape.panelBytes(level));
        a.dec(RDX);
        a.jump(Condition.NOT_EQUAL, row);
        return a.end();
    }
}
