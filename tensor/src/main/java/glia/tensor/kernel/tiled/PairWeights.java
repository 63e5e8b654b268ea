package glia.tensor.kernel.tiled;

import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.WeakHashMap;

/// Weights rounded to BF16 as panels of pairs, packed when a weight is first met and kept until it is no longer
/// reachable. What counts is the object: its numbers must not change. A file's pages that were read for it leave the
/// process's memory, not the system's cache.
final class PairWeights extends RangeTask {
    /// Rows of a panel that may be written beyond its depth.
    private static final int GROUP = 16;

    private final Map<Tensor, MemorySegment> packed = new WeakHashMap<>();
    private final PairTiles tiles;
    private final Scratch[] scratch;
    private Tensor w;
    private long to;

    PairWeights(Workers workers, PairTiles tiles) {
        super(workers);
        this.tiles = tiles;
        scratch = Scratch.each(workers.count());
    }

    /// Bytes from panel to panel.
    static long panelBytes(PairTiles tiles, int pairs) {
        return Math.ceilDiv(pairs, GROUP) * GROUP * tiles.panelBytes();
    }

    /// The panels of w.
    MemorySegment of(Tensor w) {
        MemorySegment panels = packed.get(w);
        if (panels == null) {
            int count = Math.ceilDiv(w.rows(), tiles.cols());
            panels = tiles.memory(count * panelBytes(tiles, PairProducts.pairs(w.cols())));
            this.w = w;
            to = panels.address();
            spread(count, (long) tiles.cols() * w.cols());
            this.w = null;
            tiles.forget(w);
            packed.put(w, panels);
        }
        return panels;
    }

    @Override
    protected void range(int from, int end, int worker) {
        int pairs = PairProducts.pairs(w.cols());
        for (int panel = from; panel < end; panel++) {
            int col = panel * tiles.cols();
            PairProducts.turn(tiles, w, col, Math.min(tiles.cols(), w.rows() - col), 0, pairs,
                    to + panel * panelBytes(tiles, pairs), scratch[worker], worker);
        }
    }
}
