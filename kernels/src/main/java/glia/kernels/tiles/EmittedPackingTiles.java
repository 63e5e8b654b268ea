package glia.kernels.tiles;

import glia.kernels.code.IsaLevel;
import glia.kernels.code.PerIsaLevel;
import glia.kernels.code.SystemMemory;
import glia.kernels.decode.RowDecoder;
import glia.kernels.tiled.PackingTiles;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import java.lang.foreign.MemorySegment;

/// Micro-kernels for weights that stay packed.
abstract class EmittedPackingTiles extends EmittedTiles implements PackingTiles {
    EmittedPackingTiles(Workers workers, RowDecoder decoder, IsaLevel level, PerIsaLevel<TileCode> tile) {
        super(workers, decoder, level, tile);
    }

    @Override
    public final MemorySegment memory(long sizeBytes) {
        return SystemMemory.scratch(sizeBytes);
    }

    @Override
    public final void dropPages(Tensor w) {
        SystemMemory.dropPages(w);
    }
}
