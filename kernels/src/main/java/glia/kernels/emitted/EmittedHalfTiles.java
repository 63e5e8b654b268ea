package glia.kernels.emitted;

import glia.tensor.DType;
import glia.tensor.kernel.Workers;
import glia.kernels.tiled.HalfTiles;

/// The inner loops of products with panels of 16 bits.
final class EmittedHalfTiles extends EmittedKeptTiles implements HalfTiles {
    /// @param type F16 or BF16
    EmittedHalfTiles(Workers workers, RowDecoder decoder, Level level, DType type) {
        super(workers, decoder, level, type == DType.F16 ? TileCode.HALVES : TileCode.BFLOATS);
    }

    @Override
    public void split(long pairs, int count, long to) {
        SplitCode.of(level).split(pairs, count, to);
    }
}
