package glia.kernels.emitted;

import glia.kernels.amx.Bf16x3Products;
import glia.kernels.amx.Int16Product;
import glia.kernels.code.IsaLevel;
import glia.kernels.decode.RowDecoder;
import glia.kernels.panels.ProductShapes;
import glia.kernels.tiled.HalfProducts;
import glia.kernels.tiled.Products;
import glia.kernels.tiled.TiledProducts;
import glia.kernels.tiles.EmittedHalfTiles;
import glia.kernels.tiles.EmittedTiles;
import glia.kernels.tiles.RowProduct;
import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.PackedWeightStore;
import glia.tensor.kernel.GroupedGemm;
import glia.tensor.kernel.Workers;
import java.util.Optional;

/// Products with F32 activations and with such that are rounded to 8 bits: which code computes them, by the weight and
/// by the number of tokens. In the batch-invariant form the number does not count: a row is multiplied as a single one
/// is.
final class EmittedProducts implements Products {
    private final Workers workers;
    private final IsaLevel level;
    private final RowDecoder decoder;
    private final boolean isBatchInvariant;
    private final QuantizedProducts rounded;
    private final Optional<Int16Product> roundedOfMany;
    private final RowProduct ofFew;
    private final Products ofMany;
    private final Optional<HalfProducts> halves;

    EmittedProducts(Workers workers, IsaLevel level, RowDecoder decoder) {
        this.workers = workers;
        this.level = level;
        this.decoder = decoder;
        isBatchInvariant = false;
        rounded = new QuantizedProducts(workers, level);
        roundedOfMany = level == IsaLevel.AMX ? Optional.of(rounded.words()) : Optional.empty();
        ofFew = new RowProduct(workers, decoder, level);
        ofMany = level == IsaLevel.AMX ? new Bf16x3Products(workers, decoder, tiled()) : tiled();
        halves = level == IsaLevel.AMX ? Optional.empty() : Optional.of(halves());
    }

    /// The batch-invariant form of others, with the same packed weights.
    private EmittedProducts(EmittedProducts other) {
        workers = other.workers;
        level = other.level;
        decoder = other.decoder;
        isBatchInvariant = true;
        rounded = other.rounded;
        roundedOfMany = Optional.empty();
        ofFew = other.ofFew;
        ofMany = tiled();
        halves = Optional.of(other.halves.orElseGet(this::halves));
    }

    private TiledProducts tiled() {
        return new TiledProducts(workers, EmittedTiles.wide(workers, decoder, level));
    }

    private HalfProducts halves() {
        return new HalfProducts(workers, new EmittedHalfTiles(workers, decoder, level, DType.F16),
                new EmittedHalfTiles(workers, decoder, level, DType.BF16));
    }

    EmittedProducts batchInvariant() {
        return new EmittedProducts(this);
    }

    /// See `Kernels.conversions`.
    void usePackedWeights(PackedWeightStore conversions) {
        rounded.usePackedWeights(conversions);
        halves.ifPresent(products -> products.usePackedWeights(conversions));
    }

    @Override
    public void linear(Tensor y, Tensor x, Matrix w) {
        ProductShapes.check(y, x, w);
        if (halves.isPresent() && HalfProducts.serves(w) && halves.get().linear(y, x, (Tensor) w)) {
            return;
        }
        if ((isBatchInvariant || x.rows() <= RowProduct.MOST_TOKENS) && x.cols() > 0) {
            ofFew.run(y, x, w);
        } else {
            ofMany.linear(y, x, w);
        }
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

    /// See `Kernels.linearQuantized`, for a w that `QuantizedProducts` serves.
    void rounded(Tensor y, Tensor x, Matrix w) {
        if (roundedOfMany.isPresent() && Int16Product.serves(x.rows(), w)) {
            roundedOfMany.get().run(y, x, w);
        } else {
            rounded.run(y, x, w);
        }
    }

    /// See `Kernels.linearGroupedQuantized`, for a list that `QuantizedProducts` serves.
    void rounded(GroupedGemm list) {
        if (roundedOfMany.isPresent() && Int16Product.servesSome(list)) {
            roundedOfMany.get().run(list.where(Int16Product::serves));
            rounded.run(list.where(p -> !Int16Product.serves(p)));
        } else {
            rounded.run(list);
        }
    }
}
