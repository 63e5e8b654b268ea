package glia.kernels.tiles;

import glia.kernels.code.Level;
import glia.kernels.code.PerLevel;
import glia.kernels.code.SystemMemory;
import glia.kernels.decode.RowDecoder;
import glia.kernels.tiled.KeptTiles;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import java.lang.foreign.MemorySegment;

/// Inner loops for weights whose panels are kept.
abstract class EmittedKeptTiles extends EmittedTiles implements KeptTiles {
    EmittedKeptTiles(Workers workers, RowDecoder decoder, Level level, PerLevel<TileCode> tile) {
        super(workers, decoder, level, tile);
    }

    @Override
    public final MemorySegment memory(long sizeBytes) {
        return SystemMemory.scratch(sizeBytes);
    }

    @Override
    public final void forget(Tensor w) {
        SystemMemory.forget(w);
    }
}
