package glia.train.data;

import glia.engine.training.TokenBatch;
import java.util.List;

/// The batches of a run, by number. A batch depends on its number and the seed alone: a resumed run sees what an
/// uninterrupted one would have seen, and no position has to be saved. After `TokenBatch.release` its memory is reused.
@FunctionalInterface
public interface Batches {
    /// The batch of a step.
    ///
    /// @param index 0 for the first
    TokenBatch batch(long index);

    /// The batches of several sources in turns: of n sources, batch i is that of source i mod n.
    static Batches inTurns(List<? extends Batches> sources) {
        return index -> sources.get((int) (index % sources.size())).batch(index / sources.size());
    }
}
