package glia.kernels.amx;

import glia.kernels.tiled.PackedWeightCache.PackedHalfWeights;
import glia.kernels.tiled.Products.Bf16Products;
import glia.kernels.tiles.EmittedPackingTiles.EmittedBf16Tiles;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

/// BF16 GEMM with AMX tile registers: `linear` and both of its gradients with factors rounded to BF16 and F32
/// accumulation.
public final class AmxBf16Products implements Bf16Products {
    private final AmxProducts products;
    private final PackedHalfWeights kept;

    public AmxBf16Products(Workers workers, EmittedBf16Tiles tiles) {
        products = new AmxProducts(workers, tiles.decoder, 1);
        kept = new PackedHalfWeights(tiles, products.panels(), "AMX pairs");
    }

    @Override
    public void linear(Tensor y, Tensor x, Tensor w) {
        products.linear(y, x, w);
    }

    @Override
    public void linearPacked(Tensor y, Tensor x, Tensor w) {
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
