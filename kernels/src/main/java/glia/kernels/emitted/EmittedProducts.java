package glia.kernels.emitted;

import glia.kernels.amx.Bf16x3Products;
import glia.kernels.amx.Int16Product;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.SystemMemory;
import glia.kernels.decode.RowDecoder;
import glia.kernels.panels.PanelFormat.ProductShapes;
import glia.kernels.tiled.HalfProducts;
import glia.kernels.tiled.Products;
import glia.kernels.tiled.TiledProducts;
import glia.kernels.tiles.EmittedPackingTiles.EmittedHalfTiles;
import glia.kernels.tiles.EmittedTiles;
import glia.kernels.tiles.RowProduct;
import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.PackedWeightStore;
import glia.tensor.kernel.GroupedGemm;
import glia.tensor.kernel.Workers;
import java.util.Optional;

/// Chooses the code for matrix multiplications with F32 or int8 activations, by the weight and the number of tokens. In
/// the batch-invariant form the number of tokens does not matter: every row is multiplied like a single one.
final class EmittedProducts implements Products {
    private final Workers workers;
    private final IsaLevel level;
    private final RowDecoder decoder;
    private final boolean isBatchInvariant;
    private final QuantizedProducts quantized;
    private final Optional<Int16Product> quantizedOfMany;
    private final RowProduct ofFew;
    private final Products ofMany;
    private final Optional<HalfProducts> halves;

    EmittedProducts(Workers workers, IsaLevel level, RowDecoder decoder) {
        this.workers = workers;
        this.level = level;
        this.decoder = decoder;
        isBatchInvariant = false;
        quantized = new QuantizedProducts(workers, level);
        quantizedOfMany = level == IsaLevel.AMX ? Optional.of(quantized.int16()) : Optional.empty();
        ofFew = new RowProduct(workers, decoder, level);
        ofMany = level == IsaLevel.AMX ? new Bf16x3Products(workers, decoder, tiled()) : tiled();
        halves = level == IsaLevel.AMX ? Optional.empty() : Optional.of(halves());
    }

    /// Creates the batch-invariant form of another object, with the same packed weights.
    private EmittedProducts(EmittedProducts other) {
        workers = other.workers;
        level = other.level;
        decoder = other.decoder;
        isBatchInvariant = true;
        quantized = other.quantized;
        quantizedOfMany = Optional.empty();
        ofFew = other.ofFew;
        ofMany = tiled();
        halves = Optional.of(other.halves.orElseGet(this::halves));
    }

    private TiledProducts tiled() {
        return new TiledProducts(workers, EmittedTiles.wide(workers, decoder, level), SystemMemory::scratch);
    }

    private HalfProducts halves() {
        return new HalfProducts(workers, new EmittedHalfTiles(workers, decoder, level, DType.F16),
                new EmittedHalfTiles(workers, decoder, level, DType.BF16));
    }

    EmittedProducts batchInvariant() {
        return new EmittedProducts(this);
    }

    /// See `Kernels.usePackedWeights`.
    void usePackedWeights(PackedWeightStore store) {
        quantized.usePackedWeights(store);
        halves.ifPresent(products -> products.usePackedWeights(store));
    }

    @Override
    public void linear(Tensor y, Tensor x, Matrix w) {
        if (!ofHalvesOrFew(y, x, w)) {
            ofMany.linear(y, x, w);
        }
    }

    @Override
    public void linearPacked(Tensor y, Tensor x, Matrix w) {
        if (!ofHalvesOrFew(y, x, w)) {
            ofMany.linearPacked(y, x, w);
        }
    }

    /// Multiplies by the code for 16-bit weights or for few tokens, if that is the way; returns whether it is.
    private boolean ofHalvesOrFew(Tensor y, Tensor x, Matrix w) {
        ProductShapes.check(y, x, w);
        if (halves.isPresent() && HalfProducts.supports(w) && halves.get().linear(y, x, (Tensor) w)) {
            return true;
        }
        boolean few = (isBatchInvariant || x.rows() <= RowProduct.MAX_TOKENS) && x.cols() > 0;
        if (few) {
            ofFew.run(y, x, w);
        }
        return few;
    }

    @Override
    public void linearBackwardInput(Tensor dx, Tensor dy, Matrix w) {
        ProductShapes.check(dy, dx, w);
        ofMany.linearBackwardInput(dx, dy, w);
    }

    @Override
    public void linearBackwardWeight(Tensor dw, Tensor dy, Tensor x) {
        ProductShapes.checkGradient(dw, dy, x);
        ofMany.linearBackwardWeight(dw, dy, x);
    }

    /// See `Kernels.linearQuantized`, for a w that `QuantizedProducts` supports.
    void quantized(Tensor y, Tensor x, Matrix w) {
        if (quantizedOfMany.isPresent() && Int16Product.supports(x.rows(), w)) {
            quantizedOfMany.get().run(y, x, w);
        } else {
            quantized.run(y, x, w);
        }
    }

    /// See `Kernels.linearGroupedQuantized`, for a list that `QuantizedProducts` supports.
    void quantized(GroupedGemm list) {
        if (quantizedOfMany.isPresent() && Int16Product.supportsSome(list)) {
            quantizedOfMany.get().run(list.where(Int16Product::supports));
            quantized.run(list.where(p -> !Int16Product.supports(p)));
        } else {
            quantized.run(list);
        }
    }
}
