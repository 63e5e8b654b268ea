package glia.tensor.ops;

import glia.tensor.Matrix;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.FullSequences;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.PageAttention;
import glia.tensor.kernel.Positions;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.SparsePrompts;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// Ops that compute without recording, in a workspace that is reused by the next pass.
public final class Compute implements Ops, AutoCloseable {
    /// Recordings consolidate their memory after each pass, so that its pieces may be small.
    private static final long RECORDING_CHUNK_BYTES = 1 << 18;

    private final Kernels kernels;
    private final Workspace workspace;
    private final WeightProducts products;
    /// For attention without a cache.
    private final FullSequences full = new FullSequences();
    private Consumer<Operation> watcher = operation -> { };
    private Map<Weight, TreeProduct> divided = Map.of();
    private RankProducts ranks = RankProducts.NONE;
    /// Null for full attention.
    private SparsePrompts sparsePrompts;

    public Compute(Kernels kernels, Precision precision) {
        this(kernels, precision, false);
    }

    /// @param hasGradients whether a backward pass follows
    public Compute(Kernels kernels, Precision precision, boolean hasGradients) {
        this.kernels = kernels;
        workspace = hasGradients ? new Workspace(RECORDING_CHUNK_BYTES) : new Workspace();
        products = new WeightProducts(kernels, workspace, precision, hasGradients);
    }

    /// Ops for a recording that only counts the memory that it would take.
    public Compute(Kernels kernels, Precision precision, CountedMemory memory) {
        this.kernels = kernels;
        workspace = new Workspace(memory);
        products = new WeightProducts(kernels, workspace, precision, true);
    }

    public Kernels kernels() {
        return kernels;
    }

    /// Matrix multiplication with weights, in the precision of these ops.
    public WeightProducts products() {
        return products;
    }

    /// Multiplies some weights in FP8 as DeepSeek-V3 is trained, emulated, forward and backward.
    ///
    /// @param chosen F32 matrices
    public void useFloat8(Predicate<Matrix> chosen) {
        products.useFloat8(chosen);
    }

    /// Sets what is computed with other ranks.
    public Compute divide(RankProducts ofRanks) {
        divided = ofRanks.sums();
        ranks = ofRanks;
        return this;
    }

    /// Lets long prompts attend to a part of their pages; null for all.
    public void sparsePrompts(SparsePrompts sparse) {
        sparsePrompts = sparse;
    }

    /// How long prompts attend; empty for all pages.
    public Optional<SparsePrompts> sparsePrompts() {
        return Optional.ofNullable(sparsePrompts);
    }

    public Workspace workspace() {
        return workspace;
    }

    /// Sets the observer that is called with each applied operation; it replaces the previous one.
    public void watch(Consumer<Operation> next) {
        watcher = next;
    }

    /// Returns the tensor of a stored weight. Vectors are always stored; operations other than matrix multiplication
    /// require it.
    public static Tensor stored(Weight w) {
        return switch (w) {
            case Weight.Stored stored -> stored.tensor();
            case Weight.Deferred deferred -> deferred.matrix();
            case Weight.Quantized quantized -> throw new IllegalArgumentException(
                    "only matrix multiplication supports quantized weights such as " + quantized.matrix());
            case LowRank adapted -> throw new IllegalArgumentException(
                    "only matrix multiplication and embeddings support adapters such as " + adapted);
        };
    }

    /// Allocates a matrix in the workspace.
    public Tensor allocate(int rows, int cols) {
        return workspace.allocate(rows, cols);
    }

    private Tensor like(Tensor x) {
        return workspace.allocate(x.rows(), x.cols());
    }

    /// Throws unless the condition holds. The message is built only then: decoding must not allocate.
    public static void require(boolean holds, String op, Tensor a, Object b) {
        if (!holds) {
            throw new IllegalArgumentException(op + ": " + a + " does not fit " + b);
        }
    }

    @Override
    public Tensor embed(Weight table, int[] ids, int count, int frozenRow) {
        int rows = table.rows();
        for (int i = 0; i < count; i++) {
            if (ids[i] < 0 || ids[i] >= rows) {
                throw new IllegalArgumentException("token " + ids[i] + " is outside the vocabulary of " + rows);
            }
        }
        Tensor y = workspace.allocate(count, table.cols());
        products.gather(y, table, ids, count);
        return y;
    }

    @Override
    public Tensor linear(Tensor x, Weight w) {
        TreeProduct product = divided.isEmpty() ? null : divided.get(w);
        if (product != null) {
            return product.multiply(this, x);
        }
        require(x.cols() == w.cols(), "linear", x, w);
        Tensor y = workspace.allocate(x.rows(), w.rows());
        products.multiply(y, x, w);
        return y;
    }

    @Override
    public Tensor[] linear(Tensor x, Weight[] ws) {
        Tensor[] ys = new Tensor[ws.length];
        for (int i = 0; i < ws.length; i++) {
            require(x.cols() == ws[i].cols(), "linear", x, ws[i]);
            ys[i] = workspace.allocate(x.rows(), ws[i].rows());
        }
        products.multiply(ys, x, ws);
        return ys;
    }

    @Override
    public Tensor addBias(Tensor x, Weight b) {
        Tensor t = stored(b);
        require(t.size() == x.cols(), "addBias", x, t);
        Tensor y = like(x);
        kernels.addRow(y, x, t);
        return y;
    }

    @Override
    public Tensor rmsNorm(Tensor x, Weight w, float eps, float offset) {
        Tensor t = stored(w);
        require(t.size() > 0 && x.cols() % t.size() == 0, "rmsNorm", x, t);
        Tensor y = like(x);
        kernels.rmsNorm(y, x, t, eps, offset);
        return y;
    }

    @Override
    public Tensor layerNorm(Tensor x, Weight w, Weight b, float eps) {
        Tensor t = stored(w);
        require(t.size() == x.cols(), "layerNorm", x, t);
        Tensor y = like(x);
        kernels.layerNorm(y, x, t, stored(b), eps);
        return y;
    }

    @Override
    public Tensor layerNorm(Tensor x, Weight w, float eps) {
        Tensor t = stored(w);
        require(t.size() == x.cols(), "layerNorm", x, t);
        Tensor y = like(x);
        kernels.layerNorm(y, x, t, null, eps);
        return y;
    }

    @Override
    public Tensor rotate(Tensor x, int headSize, RopeTable table, Positions positions) {
        require(x.cols() % headSize == 0 && x.rows() == positions.numTokens(), "rotate", x, headSize);
        Tensor y = like(x);
        y.copyFrom(x);
        kernels.rotate(y, headSize, table, positions, 1);
        return y;
    }

    @Override
    public Tensor gated(Tensor gate, Tensor up, Activation f) {
        require(gate.rows() == up.rows() && gate.cols() == up.cols(), "gated", gate, up);
        Tensor y = like(gate);
        kernels.gated(y, gate, up, f);
        return y;
    }

    @Override
    public Tensor activate(Tensor x, Activation f) {
        Tensor y = like(x);
        kernels.activate(y, x, f);
        return y;
    }

    @Override
    public Tensor scale(Tensor x, float scale) {
        Tensor y = like(x);
        kernels.scale(y, x, scale);
        return y;
    }

    @Override
    public Tensor residual(Tensor x, Tensor update, float scale) {
        require(x.rows() == update.rows() && x.cols() == update.cols(), "residual", x, update);
        kernels.add(x, x, update, scale);
        return x;
    }

    @Override
    public Tensor replace(Tensor x, Tensor value) {
        x.copyFrom(value);
        return x;
    }

    @Override
    public Tensor select(Tensor x, int[] rows, int count) {
        Tensor y = workspace.allocate(count, x.cols());
        kernels.gather(y, x, rows, count);
        return y;
    }

    @Override
    public Tensor attention(Tensor q, Tensor k, Tensor v, KeyValueState state, Runs runs, AttentionShape shape,
            Weight learned) {
        Tensor y = workspace.allocate(q.rows(), shape.numHeads() * shape.valueSize());
        attend(y, null, q, runs, k, v, runs, state, shape, learned);
        return y;
    }

    @Override
    public Tensor crossAttention(Tensor q, Runs runs, Tensor k, Tensor v, Runs keyRuns, KeyValueState state,
            AttentionShape shape) {
        Tensor y = workspace.allocate(q.rows(), shape.numHeads() * shape.valueSize());
        attend(y, null, q, runs, k, v, keyRuns, state, shape, Weight.ABSENT);
        return y;
    }

    /// Computes attention of the queries of `runs` over the keys and values of `keyRuns`.
    public void attend(Tensor y, Tensor logSumExp, Tensor q, Runs runs, Tensor k, Tensor v, Runs keyRuns,
            KeyValueState state,
            AttentionShape shape, Weight learned) {
        int tokens = keyRuns.numTokens();
        require(q.cols() == shape.numHeads() * shape.keySize() && q.rows() == runs.numTokens(), "attention", q, shape);
        require(k.cols() == shape.numKeyValueHeads() * shape.keySize() && k.rows() == tokens, "attention", k, shape);
        // The values of a single head may be the first columns of its keys.
        require(v.cols() == shape.numKeyValueHeads() * shape.valueSize() && v.rows() == tokens
                || v == k && shape.numKeyValueHeads() == 1 && v.cols() >= shape.valueSize(), "attention", v, shape);
        require(stored(learned).size() == shape.numParameters(), "attention", stored(learned), shape);
        KeyValues[] views = (state == KeyValueState.NONE ? full : state).append(k, v, keyRuns);
        if (runs == keyRuns) {
            state.queries(q, runs, shape);
        }
        if (runs == keyRuns && ranks.cache().isPresent() && state != KeyValueState.NONE
                && CacheRanks.divides(shape.span())) {
            ranks.cache().get().attend(this, y, q, views, runs, shape, stored(learned));
        } else if (runs == keyRuns && PageAttention.applies(views, runs, shape)) {
            new PageAttention(kernels).attend(y, q, views, runs, shape, stored(learned));
        } else if (sparsePrompts != null && runs == keyRuns && sparsePrompts.applies(views, runs, shape)) {
            sparsePrompts.attend(y, q, views, runs, shape, stored(learned));
        } else {
            kernels.attention(y, logSumExp, q, views, runs, shape, stored(learned));
        }
    }

    @Override
    public double crossEntropy(Tensor logits, int[] targets) {
        CrossEntropy loss = new CrossEntropy(logits, targets);
        int mark = workspace.mark();
        loss.forward(this);
        workspace.release(mark);
        return loss.loss();
    }

    @Override
    public Tensor apply(Operation operation) {
        Operation own = ranks == RankProducts.NONE ? operation : operation.among(ranks);
        Tensor y = own.forward(this);
        watcher.accept(own);
        return y;
    }

    @Override
    public Optional<LayerRanks> layerRanks() {
        return ranks.layers();
    }

    @Override
    public boolean isBatchInvariant() {
        return kernels.isBatchInvariant();
    }

    @Override
    public int mark() {
        return workspace.mark();
    }

    @Override
    public void release(int mark) {
        workspace.release(mark);
    }

    @Override
    public void close() {
        workspace.close();
    }
}
