package glia.kernels.panels;

import static glia.kernels.panels.PanelFormat.BLOCK;
import static glia.kernels.panels.PanelFormat.QUADS;

import glia.kernels.code.CodeOnDemand;
import glia.tensor.Memory;
import glia.tensor.format.CodebookBlocks;
import java.lang.foreign.Arena;

/// Packs 16 rows of weights in a file's format into a panel: with `PanelPack`, or formats of `CodebookBlocks` by their
/// codes. Not thread-safe.
public final class PanelPacker {
    private static final CodeOnDemand CODE = new CodeOnDemand(Arena.ofAuto(), PanelFormat.values().length,
            format -> PanelPack.emit(PanelFormat.values()[format]));
    private static final int PAIRS = 0x03030303;
    private static final int ONES = 0x01010101;
    private static final int LINE = 64;

    private final CodebookBlocks block = new CodebookBlocks();
    private final int[] quads = new int[QUADS];

    public PanelPacker() { }

    /// Packs `rows` rows, 1 to 16. Lanes of missing rows are not changed.
    ///
    /// @param from the first row
    /// @param rowBytes bytes from row to row
    /// @param blocks blocks of the file in a row
    /// @param quants the panel's quants
    /// @param scales its scales
    public void pack(PanelFormat format, long from, long rowBytes, int blocks, long quants, long scales, int rows) {
        if (!CodebookBlocks.reads(format.type)) {
            CODE.of(format.ordinal()).call(from, rowBytes, blocks, quants, scales, rows);
            return;
        }
        int parts = format.type.blockElements() / BLOCK;
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < blocks; i++) {
                block.read(format.type, from + r * rowBytes + (long) i * format.type.blockBytes());
                for (int part = 0; part < parts; part++) {
                    quants(format.bits, part, quants + (long) (i * parts + part) * format.blockBytes() + 4 * r);
                }
                scales(format.scales, parts, scales + (long) i * parts / format.scales.blocks
                        * format.scales.sizeBytes, r);
            }
        }
    }

    /// Stores 32 codes.
    ///
    /// @param to the row's lane of the block's first vector
    private void quants(int bits, int part, long to) {
        for (int i = 0; i < QUADS / 2; i++) {
            long eight = block.codes(4 * part + i);
            quads[2 * i] = (int) eight;
            quads[2 * i + 1] = (int) (eight >>> 32);
        }
        if (bits == 4) {
            for (int m = 0; m < QUADS / 2; m++) {
                Memory.i32(to + LINE * m, quads[m] | quads[m + 4] << 4);
            }
            return;
        }
        int third = 0;
        for (int half = 0; half < 2; half++) {
            int pairs = 0;
            for (int i = 0; i < 4; i++) {
                int quad = quads[4 * half + i];
                pairs |= (quad & PAIRS) << 2 * i;
                third |= (quad >>> 2 & ONES) << 4 * half + i;
            }
            Memory.i32(to + LINE * half, pairs);
        }
        if (bits == 3) {
            Memory.i32(to + 2 * LINE, third);
        }
    }

    private void scales(PanelFormat.Scales scales, int parts, long to, int row) {
        int halves = scales.halves();
        for (int i = 0; i < parts * halves; i++) {
            int group = 2 / halves * i;
            if (scales.blocks == 1) {
                Memory.f16(to + 32 * i + 2 * row, block.scale(group));
            } else {
                Memory.i8(to + 16 * i + row, block.factor(group));
            }
        }
        if (scales.blocks > 1) {
            Memory.f32(to + scales.blocks * scales.blockBytes + 4 * row, block.d());
        }
    }
}
