package glia.tensor.ops;

import glia.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.IntStream;

/// Ranks that have some layers of a model each (https://arxiv.org/abs/2104.04473), and compute a pass one after the
/// other. For N tokens each but the last sends 4 · N · hidden size bytes, and the last one as many to all others for
/// each output.
///
/// @param starts the first sublayer of each rank, and the number of sublayers
public record LayerRanks(RankGroup ranks, List<Integer> starts) {
    /// The first sublayer of this rank.
    public int first() {
        return starts.get(ranks.rank());
    }

    /// The sublayer after the last one of this rank.
    public int end() {
        return starts.get(ranks.rank() + 1);
    }

    /// Replaces a residual stream by that of the rank before.
    public void receive(Tensor x) {
        if (ranks.rank() > 0) {
            ranks.begin(MemorySegment.NULL, ranks.rank() - 1, x.memory(), ranks.rank() - 1).run();
            x.changed();
        }
    }

    /// Gives the residual stream to the rank after this one.
    public void send(Tensor x) {
        if (ranks.rank() < ranks.size() - 1) {
            ranks.begin(x.memory(), ranks.rank() + 1, MemorySegment.NULL, ranks.rank() + 1).run();
        }
    }

    /// Replaces rows by those of the last rank.
    public void share(Tensor rows) {
        ranks.allGather(IntStream.range(0, ranks.size()).mapToObj(r -> r == ranks.size() - 1 ? rows.memory()
                : MemorySegment.NULL).toList());
        rows.changed();
    }
}
