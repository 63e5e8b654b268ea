package glia.kernels.tiles;

import glia.kernels.code.IsaLevel;

/// How the sums of a tile fill three quarters of the registers: rows of A by vectors of B's columns.
public enum TileShape {
    /// 12 rows by 2 vectors, or 6 with AVX2. Panels of so many columns are what attention has queries together.
    TALL(2),
    /// 8 rows by 3 vectors, or 4: a row of A or B is loaded 11 times for 24 products, or 7 times for 12, where the tall
    /// one loads 14 and 8 times. That shows where another thread uses the same core.
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

    /// Bytes of a row of a panel.
    int panelBytes(IsaLevel level) {
        return vectors * level.bytes;
    }
}
