package glia.kernels.emitted;

import glia.kernels.amx.AmxBf16Products;
import glia.kernels.code.CodePages.CodeUnavailableException;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.Processor;
import glia.kernels.decode.RowDecoder.Gather;
import glia.kernels.decode.RowDecoder;
import glia.kernels.gradient.RowGradients;
import glia.kernels.rows.EmittedRowSteps;
import glia.kernels.rows.Logits;
import glia.kernels.rows.Norms;
import glia.kernels.rows.Pointwise;
import glia.kernels.rows.Rotation;
import glia.kernels.rows.QuantizeActivations;
import glia.kernels.tiled.Attention;
import glia.kernels.tiled.AttentionBackward;
import glia.kernels.tiled.LoadKeys;
import glia.kernels.tiled.Products.Bf16Products;
import glia.kernels.tiled.TiledBf16Products;
import glia.kernels.tiles.EmittedPackingTiles.EmittedBf16Tiles;
import glia.kernels.tiles.EmittedTiles;
import glia.kernels.panels.PanelFormat.ProductShapes;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.AttentionTrace;
import glia.tensor.kernel.PackedWeightStore;
import glia.tensor.kernel.GradientKernels;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.GroupedGemm;
import glia.tensor.kernel.Positions;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import java.util.Optional;
import java.util.stream.Collectors;

/// The kernel backend in machine code, emitted at startup for the processor it runs on. Inner loops are emitted; loops
/// over tiles and threads are Java.
public final class EmittedKernels implements Kernels {
    private final Workers workers;
    private final IsaLevel level;
    private final boolean isBatchInvariant;
    private final RowDecoder decoder;
    private final EmittedProducts products;
    private final Optional<Bf16Products> bf16Products;
    private final Attention attention;
    private final AttentionBackward attentionBackward;
    private final LoadKeys keyLoad;
    private final Gather gather;
    private final QuantizeActivations rounding;
    private final Norms norms;
    private final Rotation rotation;
    private final Pointwise pointwise;
    private final RowGradients gradients;
    private final Logits reductions;

    /// Creates the backend at the best instruction-set level of this processor.
    ///
    /// @param workers the threads to use; the caller closes them
    /// @throws CodeUnavailableException if there is an `obstacle`
    public EmittedKernels(Workers workers) {
        this(workers, best());
    }

    /// Creates the backend at an instruction-set level.
    ///
    /// @throws CodeUnavailableException if there is an `obstacle`
    public EmittedKernels(Workers workers, IsaLevel level) {
        obstacle(level).ifPresent(obstacle -> {
            throw new CodeUnavailableException(obstacle);
        });
        this.workers = workers;
        this.level = level;
        isBatchInvariant = false;
        decoder = new RowDecoder(workers, level);
        EmittedTiles tiles = new EmittedTiles(workers, decoder, level);
        products = new EmittedProducts(workers, level, decoder);
        bf16Products = bf16Products(workers, decoder, level);
        attention = new Attention(workers, tiles, false);
        attentionBackward = new AttentionBackward(workers, tiles);
        keyLoad = new LoadKeys(workers, tiles);
        gather = new Gather(workers, decoder);
        rounding = new QuantizeActivations(workers, level);
        norms = new Norms(workers, level);
        rotation = new Rotation(workers, level);
        pointwise = new Pointwise(workers, level);
        gradients = new RowGradients(workers, () -> new EmittedRowSteps(level));
        reductions = new Logits(level);
    }

    /// Creates the batch-invariant form, without code that applies to many or few tokens only.
    private EmittedKernels(EmittedKernels other) {
        workers = other.workers;
        level = other.level;
        isBatchInvariant = true;
        decoder = other.decoder;
        products = other.products.batchInvariant();
        bf16Products = other.bf16Products.map(Bf16Products::batchInvariant);
        attention = new Attention(workers, new EmittedTiles(workers, decoder, level), true);
        attentionBackward = other.attentionBackward;
        keyLoad = other.keyLoad;
        gather = other.gather;
        rounding = other.rounding;
        norms = other.norms;
        rotation = other.rotation;
        pointwise = other.pointwise;
        gradients = other.gradients;
        reductions = other.reductions;
    }

    private static Optional<Bf16Products> bf16Products(Workers workers, RowDecoder decoder, IsaLevel level) {
        if (level != IsaLevel.AMX && !(level.isWide() && Processor.here().multipliesBf16Fast())) {
            return Optional.empty();
        }
        var tiles = new EmittedBf16Tiles(workers, decoder, level);
        return Optional.of(level == IsaLevel.AMX ? new AmxBf16Products(workers, tiles)
                : new TiledBf16Products(workers, tiles));
    }

    /// Why emitted kernels cannot run here, as the end of a sentence after "since".
    public static Optional<String> obstacle() {
        return obstacle(IsaLevel.AVX2);
    }

    /// Why kernels of a level cannot run here, as the end of a sentence after "since".
    public static Optional<String> obstacle(IsaLevel level) {
        try {
            var missing = level.missing(Processor.here());
            return missing.isEmpty() ? Optional.empty() : Optional.of("the processor has no "
                    + missing.stream().map(Processor.Feature::toString).collect(Collectors.joining(", ")));
        } catch (CodeUnavailableException e) {
            return Optional.of(e.getMessage());
        }
    }

    /// The best level of this processor; the lowest if it supports none.
    private static IsaLevel best() {
        return obstacle().isPresent() ? IsaLevel.AVX2 : IsaLevel.of(Processor.here()).getFirst();
    }

    /// Returns what is wrong with these kernels on this machine, as a sentence: computes a small case of each group and
    /// compares it with plain Java. Takes a few milliseconds, mostly for code that is needed anyway.
    public Optional<String> selfTest() {
        return SelfTest.failure(this, new ScalarKernels(workers))
                .map(group -> "the " + name() + " kernels compute wrong " + group + " on this machine");
    }

    /// `emitted-` and the level's label.
    @Override
    public String name() {
        return "emitted-" + level.label();
    }

    @Override
    public Workers workers() {
        return workers;
    }

    @Override
    public boolean isBatchInvariant() {
        return isBatchInvariant;
    }

    @Override
    public Kernels batchInvariant() {
        return isBatchInvariant ? this : new EmittedKernels(this);
    }

    @Override
    public boolean packsWeights() {
        return true;
    }

    @Override
    public void usePackedWeights(PackedWeightStore store) {
        products.usePackedWeights(store);
    }

    @Override
    public void linear(Tensor y, Tensor x, Matrix w) {
        products.linear(y, x, w);
    }

    @Override
    public void linearPacked(Tensor y, Tensor x, Matrix w) {
        products.linearPacked(y, x, w);
    }

    @Override
    public void linearQuantized(Tensor y, Tensor x, Matrix w, Tensor scratch) {
        if (QuantizedProducts.supports(w)) {
            products.quantized(y, x, w);
        } else {
            quantizeActivations(scratch, x);
            linear(y, scratch, w);
        }
    }

    @Override
    public void linearGroupedQuantized(GroupedGemm list, Tensor scratch) {
        if (QuantizedProducts.supports(list)) {
            products.quantized(list);
        } else {
            // The number of tokens decides which problems form a list, but not how each is computed.
            products.quantized(list.where(QuantizedProducts::supports));
            Kernels.super.linearGroupedQuantized(list.where(p -> !QuantizedProducts.supports(p)), scratch);
        }
    }

    @Override
    public void linearBackwardInput(Tensor dx, Tensor dy, Matrix w) {
        products.linearBackwardInput(dx, dy, w);
    }

    @Override
    public void linearBackwardWeight(Tensor dw, Tensor dy, Tensor x) {
        products.linearBackwardWeight(dw, dy, x);
    }

    @Override
    public boolean multipliesBf16() {
        return bf16Products.isPresent();
    }

    @Override
    public void linearBf16(Tensor y, Tensor x, Tensor w) {
        ProductShapes.check(y, x, w);
        if (bf16Products.isPresent()) {
            bf16Products.get().linear(y, x, w);
        } else {
            Kernels.super.linearBf16(y, x, w);
        }
    }

    @Override
    public void linearBf16Packed(Tensor y, Tensor x, Tensor w) {
        ProductShapes.check(y, x, w);
        if (bf16Products.isPresent()) {
            bf16Products.get().linearPacked(y, x, w);
        } else {
            Kernels.super.linearBf16Packed(y, x, w);
        }
    }

    @Override
    public void linearBackwardInputBf16(Tensor dx, Tensor dy, Tensor w) {
        ProductShapes.check(dy, dx, w);
        if (bf16Products.isPresent()) {
            bf16Products.get().linearBackwardInput(dx, dy, w);
        } else {
            Kernels.super.linearBackwardInputBf16(dx, dy, w);
        }
    }

    @Override
    public void linearBackwardWeightBf16(Tensor dw, Tensor dy, Tensor x) {
        ProductShapes.checkGradient(dw, dy, x);
        if (bf16Products.isPresent()) {
            bf16Products.get().linearBackwardWeight(dw, dy, x);
        } else {
            Kernels.super.linearBackwardWeightBf16(dw, dy, x);
        }
    }

    @Override
    public void quantizeActivations(Tensor y, Tensor x) {
        rounding.run(y, x);
    }

    @Override
    public void gather(Tensor y, Matrix table, int[] ids, int count) {
        gather.run(y, table, ids, count);
    }

    @Override
    public void rmsNorm(Tensor y, Tensor x, Tensor w, float eps, float offset) {
        norms.rms(y, x, w, eps, offset);
    }

    @Override
    public void layerNorm(Tensor y, Tensor x, Tensor w, Tensor b, float eps) {
        norms.layer(y, x, w, b, eps);
    }

    @Override
    public void rotate(Tensor x, int headSize, RopeTable table, Positions positions, float sign) {
        rotation.run(x, headSize, table, positions, sign);
    }

    @Override
    public void gated(Tensor y, Tensor gate, Tensor up, Activation f) {
        pointwise.gated(y, gate, up, f);
    }

    @Override
    public void activate(Tensor y, Tensor x, Activation f) {
        pointwise.activate(y, x, f);
    }

    @Override
    public void add(Tensor y, Tensor a, Tensor b, float scale) {
        pointwise.add(y, a, b, scale);
    }

    @Override
    public void addRow(Tensor y, Tensor x, Tensor b) {
        pointwise.addRow(y, x, b);
    }

    @Override
    public void scale(Tensor y, Tensor x, float scale) {
        pointwise.scale(y, x, scale);
    }

    @Override
    public GradientKernels gradients() {
        return gradients;
    }

    @Override
    public void attention(Tensor out, Tensor logSumExp, Tensor q, KeyValues[] keyValues, Runs runs,
            AttentionShape shape, Tensor learned) {
        attention.run(out, logSumExp, q, keyValues, runs, shape, learned);
    }

    @Override
    public void loadKeys(Tensor y, KeyValues keyValues, int position) {
        keyLoad.run(y, keyValues, position);
    }

    @Override
    public void attentionBackward(AttentionTrace trace) {
        attentionBackward.run(trace);
    }

    @Override
    public int argmax(Tensor logits, int row) {
        return reductions.argmax(logits, row);
    }

    @Override
    public float logSumExp(Tensor logits, int row) {
        return reductions.logSumExp(logits, row);
    }
}
