package glia.kernels.tiles;

import glia.kernels.code.IsaLevel;
import glia.kernels.decode.RowDecoder;
import glia.kernels.tiled.HalfTiles;
import glia.tensor.DType;
import glia.tensor.kernel.Workers;

/// The GEMM micro-kernels for panels of FP16 or BF16 values.
public final class EmittedHalfTiles extends EmittedPackingTiles implements HalfTiles {
    /// @param type F16 or BF16
    public EmittedHalfTiles(Workers workers, RowDecoder decoder, IsaLevel level, DType type) {
        super(workers, decoder, level, type == DType.F16 ? TileCode.HALVES : TileCode.BFLOATS);
    }

    @Override
    public void split(long pairs, int count, long to) {
        SplitCode.of(level).split(pairs, count, to);
    }
}
