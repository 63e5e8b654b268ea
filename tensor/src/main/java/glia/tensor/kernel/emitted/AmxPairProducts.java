package glia.tensor.kernel.emitted;

import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.tiled.PairPanels;
import glia.tensor.kernel.tiled.PairProducts;
import glia.tensor.kernel.tiled.PairWeights;
import glia.tensor.kernel.tiled.Scratch;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

/// `linear` and both of its gradients with both factors rounded to BF16 and sums in F32, by tile registers. Both
/// factors are packed as a whole, A in groups of rows (`AmxRows`) and B in panels, then multiplied (`AmxProduct`).
final class AmxPairProducts implements PairProducts {
    private final AmxRows rows;
    private final PairPanels panels;
    private final PairWeights kept;
    private final AmxProduct product;
    private final Scratch packed;

    AmxPairProducts(Workers workers, EmittedPairTiles tiles) {
        rows = new AmxRows(workers, tiles);
        panels = new PairPanels(workers, tiles);
        kept = new PairWeights(tiles, panels);
        product = new AmxProduct(workers, rows, tiles);
        packed = new Scratch(tiles::memory);
    }

    @Override
    public void linear(Tensor y, Tensor x, Tensor w) {
        long b = panels(w.rows(), w.cols());
        panels.turned(w, b);
        rows.straight(x);
        product.run(y, false, b);
    }

    @Override
    public void linearKept(Tensor y, Tensor x, Tensor w) {
        MemorySegment b = kept.of(w);
        rows.straight(x);
        product.run(y, false, b.address());
        Reference.reachabilityFence(b);
    }

    @Override
    public void linearBackwardInput(Tensor dx, Tensor dy, Tensor w) {
        long b = panels(w.cols(), w.rows());
        panels.straight(w, b);
        rows.straight(dy);
        product.run(dx, true, b);
    }

    @Override
    public void linearBackwardWeight(Tensor dw, Tensor dy, Tensor x) {
        long b = panels(x.cols(), x.rows());
        panels.straight(x, b);
        rows.turned(dy);
        product.run(dw, true, b);
    }

    private long panels(int cols, int depth) {
        return packed.reserve(panels.sizeBytes(cols, depth));
    }
}
