package glia.kernels.tiles;

import glia.kernels.code.IsaLevel;

/// The shape of a tile's accumulators, which fill three quarters of the registers: rows of A by vectors of B's columns.
public enum TileShape {
    /// 12 rows by 2 vectors, or 6 with AVX2. Attention uses panels of this width for queries.
    TALL(2),
    /// 8 rows by 3 vectors, or 4: 11 loads of A or B for 24 multiplications, or 7 for 12, where the tall shape has 14
    /// and 8. This is faster when another thread shares the core.
    WIDE(3);

    private final int vectors;

    TileShape(int vectors) {
        this.vectors = vectors;
    }

    /// Vectors of a row.
    int vectors() {
        return vectors;
    }

    /// Rows of a whole tile.
    public int rows(IsaLevel level) {
        return level.registers * 3 / (4 * vectors);
    }

    /// Columns of a panel.
    public int cols(IsaLevel level) {
        return vectors * level.lanes;
    }

    /// Size of a row of a panel, in bytes.
    int panelBytes(IsaLevel level) {
        return vectors * level.bytes;
    }
}
