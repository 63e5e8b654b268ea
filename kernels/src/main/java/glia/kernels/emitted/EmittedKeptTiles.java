package glia.kernels.emitted;

import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.kernels.tiled.KeptTiles;
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
        if (w.memory().isMapped()) {
            SystemMemory.forget(w.address(), w.memory().byteSize());
        }
    }
}
