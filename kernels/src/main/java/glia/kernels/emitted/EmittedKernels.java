package glia.kernels.emitted;

import glia.kernels.amx.AmxPairProducts;
import glia.kernels.code.CodeRefusedException;
import glia.kernels.code.Level;
import glia.kernels.code.Processor;
import glia.kernels.decode.Gather;
import glia.kernels.decode.RowDecoder;
import glia.kernels.gradient.RowGradients;
import glia.kernels.rows.EmittedRowSteps;
import glia.kernels.rows.Logits;
import glia.kernels.rows.Norms;
import glia.kernels.rows.Pointwise;
import glia.kernels.rows.Rotation;
import glia.kernels.rows.Rounding;
import glia.kernels.tiled.Attention;
import glia.kernels.tiled.AttentionBackward;
import glia.kernels.tiled.KeyLoad;
import glia.kernels.tiled.PairProducts;
import glia.kernels.tiled.TiledPairProducts;
import glia.kernels.tiles.EmittedPairTiles;
import glia.kernels.tiles.EmittedTiles;
import glia.kernels.panels.ProductShapes;
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
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import java.util.Optional;
import java.util.stream.Collectors;

/// Kernels in machine code that the program writes for the processor it finds. Code for one step over a small piece is
/// emitted, loops over pieces and threads are Java.
public final class EmittedKernels implements Kernels {
    private final Workers workers;
    private final Level level;
    private final boolean isBatchInvariant;
    private final RowDecoder decoder;
    private final EmittedProducts products;
    private final Optional<PairProducts> pairProducts;
    private final Attention attention;
    private final AttentionBackward attentionBackward;
    private final KeyLoad keyLoad;
    private final Gather gather;
    private final Rounding rounding;
    private final Norms norms;
    private final Rotation rotation;
    private final Pointwise pointwise;
    private final RowGradients gradients;
    private final Logits reductions;

    /// Kernels of the best level that this processor can run.
    ///
    /// @param workers the threads to use; the caller closes them
    /// @throws CodeRefusedException if there is an `obstacle`
    public EmittedKernels(Workers workers) {
        this(workers, best());
    }

    /// Kernels of a level.
    ///
    /// @throws CodeRefusedException if there is an `obstacle`
    public EmittedKernels(Workers workers, Level level) {
        obstacle(level).ifPresent(obstacle -> {
            throw new CodeRefusedException(obstacle);
        });
        this.workers = workers;
        this.level = level;
        isBatchInvariant = false;
        decoder = new RowDecoder(workers, level);
        EmittedTiles tiles = new EmittedTiles(workers, decoder, level);
        products = new EmittedProducts(workers, level, decoder);
        pairProducts = pairProducts(workers, decoder, level);
        attention = new Attention(workers, tiles, false);
        attentionBackward = new AttentionBackward(workers, tiles);
        keyLoad = new KeyLoad(workers, tiles);
        gather = new Gather(workers, decoder);
        rounding = new Rounding(workers, level);
        norms = new Norms(workers, level);
        rotation = new Rotation(workers, level);
        pointwise = new Pointwise(workers, level);
        gradients = new RowGradients(workers, () -> new EmittedRowSteps(level));
        reductions = new Logits(level);
    }

    /// The batch-invariant form of a set: without what is for many tokens or few alone.
    private EmittedKernels(EmittedKernels other) {
        workers = other.workers;
        level = other.level;
        isBatchInvariant = true;
        decoder = other.decoder;
        products = other.products.batchInvariant();
        pairProducts = other.pairProducts.map(PairProducts::batchInvariant);
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

    private static Optional<PairProducts> pairProducts(Workers workers, RowDecoder decoder, Level level) {
        if (level != Level.AMX && !(level.isWide() && Processor.here().multipliesBf16Fast())) {
            return Optional.empty();
        }
        var tiles = new EmittedPairTiles(workers, decoder, level);
        return Optional.of(level == Level.AMX ? new AmxPairProducts(workers, tiles)
                : new TiledPairProducts(workers, tiles));
    }

    /// What keeps emitted kernels from running here, as the rest of a sentence that begins with "since".
    public static Optional<String> obstacle() {
        return obstacle(Level.AVX2);
    }

    /// What keeps kernels of a level from running here, as the rest of a sentence that begins with "since".
    public static Optional<String> obstacle(Level level) {
        try {
            var missing = level.missing(Processor.here());
            return missing.isEmpty() ? Optional.empty() : Optional.of("the processor has no "
                    + missing.stream().map(Processor.Feature::toString).collect(Collectors.joining(", ")));
        } catch (CodeRefusedException e) {
            return Optional.of(e.getMessage());
        }
    }

    /// The best level that this processor can run; the least where it can run none.
    private static Level best() {
        return obstacle().isPresent() ? Level.AVX2 : Level.of(Processor.here()).getFirst();
    }

    /// What is wrong with these kernels on this machine, as a sentence: a small case of each group is computed, and
    /// again by plain Java. It takes a few milliseconds, most of them for code that is needed anyhow.
    public Optional<String> selfTest() {
        return SelfTest.failure(this, new ScalarKernels(workers))
                .map(group -> "the " + name() + " kernels compute wrong " + group + " on this machine");
    }

    /// What the kernels are written for.
    public Level level() {
        return level;
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
    public void usePackedWeights(PackedWeightStore conversions) {
        products.usePackedWeights(conversions);
    }

    @Override
    public void linear(Tensor y, Tensor x, Matrix w) {
        products.linear(y, x, w);
    }

    @Override
    public void linearQuantized(Tensor y, Tensor x, Matrix w, Tensor scratch) {
        if (RoundedProducts.serves(w)) {
            products.rounded(y, x, w);
        } else {
            quantizeActivations(scratch, x);
            linear(y, scratch, w);
        }
    }

    @Override
    public void linearGroupedQuantized(GroupedGemm list, Tensor scratch) {
        if (RoundedProducts.serves(list)) {
            products.rounded(list);
        } else {
            // Which products share a list depends on the tokens, how each is computed does not.
            products.rounded(list.where(RoundedProducts::serves));
            Kernels.super.linearGroupedQuantized(list.where(p -> !RoundedProducts.serves(p)), scratch);
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
        return pairProducts.isPresent();
    }

    @Override
    public void linearBf16(Tensor y, Tensor x, Tensor w) {
        ProductShapes.check(y, x, w);
        if (pairProducts.isPresent()) {
            pairProducts.get().linear(y, x, w);
        } else {
            Kernels.super.linearBf16(y, x, w);
        }
    }

    @Override
    public void linearBf16Packed(Tensor y, Tensor x, Tensor w) {
        ProductShapes.check(y, x, w);
        if (pairProducts.isPresent()) {
            pairProducts.get().linearKept(y, x, w);
        } else {
            Kernels.super.linearBf16Packed(y, x, w);
        }
    }

    @Override
    public void linearBackwardInputBf16(Tensor dx, Tensor dy, Tensor w) {
        ProductShapes.check(dy, dx, w);
        if (pairProducts.isPresent()) {
            pairProducts.get().linearBackwardInput(dx, dy, w);
        } else {
            Kernels.super.linearBackwardInputBf16(dx, dy, w);
        }
    }

    @Override
    public void linearBackwardWeightBf16(Tensor dw, Tensor dy, Tensor x) {
        ProductShapes.checkGradient(dw, dy, x);
        if (pairProducts.isPresent()) {
            pairProducts.get().linearBackwardWeight(dw, dy, x);
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
    public void rotate(Tensor x, int headSize, RopeTable table, Runs runs, float sign) {
        rotation.run(x, headSize, table, runs, sign);
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
