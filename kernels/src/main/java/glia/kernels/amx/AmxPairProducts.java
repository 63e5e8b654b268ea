package glia.kernels.amx;

import glia.kernels.tiled.KeptWeights;
import glia.kernels.tiled.PairProducts;
import glia.kernels.tiles.EmittedPairTiles;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

/// `linear` and both of its gradients with both factors rounded to BF16 and sums in F32, by tile registers.
public final class AmxPairProducts implements PairProducts {
    private final AmxProducts products;
    private final KeptWeights kept;

    public AmxPairProducts(Workers workers, EmittedPairTiles tiles) {
        products = new AmxProducts(workers, tiles.decoder, 1);
        kept = new KeptWeights(tiles, products.panels(), "AMX pairs");
    }

    @Override
    public void linear(Tensor y, Tensor x, Tensor w) {
        products.linear(y, x, w);
    }

    @Override
    public void linearKept(Tensor y, Tensor x, Tensor w) {
        MemorySegment panels = kept.of(w);
        if (panels == null) {
            linear(y, x, w);
            return;
        }
        products.linear(y, x, panels.address());
        Reference.reachabilityFence(panels);
    }

    @Override
    public void linearBackwardInput(Tensor dx, Tensor dy, Tensor w) {
        products.linearBackwardInput(dx, dy, w);
    }

    @Override
    public void linearBackwardWeight(Tensor dw, Tensor dy, Tensor x) {
        products.linearBackwardWeight(dw, dy, x);
    }
}
