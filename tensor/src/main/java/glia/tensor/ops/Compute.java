package glia.tensor.ops;

import glia.tensor.CodedMatrix;
import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Memory;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.ProductList;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import java.util.function.Consumer;

/// Ops that only compute, into a workspace that the next pass uses again.
public final class Compute implements Ops, AutoCloseable {
    private final Kernels kernels;
    private final Precision precision;
    private final Workspace workspace = new Workspace();
    private Consumer<Operation> watcher = operation -> { };

    public Compute(Kernels kernels, Precision precision) {
        this.kernels = kernels;
        this.precision = precision;
    }

    public Kernels kernels() {
        return kernels;
    }

    public Workspace workspace() {
        return workspace;
    }

    /// From now on shows each operation that was applied to a watcher, in place of the one before.
    public void watch(Consumer<Operation> next) {
        watcher = next;
    }

    /// The numbers of a weight that is no coded matrix: all vectors, and what ops other than products work on.
    public static Tensor stored(Weight w) {
        return switch (w.matrix()) {
            case Tensor t -> t;
            case CodedMatrix c -> throw new IllegalArgumentException("only products take coded weights such as " + c);
        };
    }

    /// A new matrix of the workspace.
    public Tensor allocate(int rows, int cols) {
        return workspace.allocate(rows, cols);
    }

    private Tensor like(Tensor x) {
        return workspace.allocate(x.rows(), x.cols());
    }

    /// Throws unless the condition holds. The message is put together only then: decoding must not allocate.
    static void require(boolean holds, String op, Tensor a, Object b) {
        if (!holds) {
            throw new IllegalArgumentException(op + ": " + a + " does not fit " + b);
        }
    }

    @Override
    public Tensor embed(Weight table, int[] ids, int count, int frozenRow) {
        Matrix t = table.matrix();
        for (int i = 0; i < count; i++) {
            if (ids[i] < 0 || ids[i] >= t.rows()) {
                throw new IllegalArgumentException("token " + ids[i] + " is outside the vocabulary of " + t.rows());
            }
        }
        Tensor y = workspace.allocate(count, t.cols());
        kernels.gather(y, t, ids, count);
        return y;
    }

    @Override
    public Tensor linear(Tensor x, Weight w) {
        Matrix t = w.matrix();
        require(x.cols() == t.cols(), "linear", x, t);
        Tensor y = workspace.allocate(x.rows(), t.rows());
        product(y, x, t);
        return y;
    }

    @Override
    public Tensor[] linear(Tensor x, Weight[] ws) {
        Tensor[] ys = new Tensor[ws.length];
        boolean together = x.rows() > 0;
        for (int i = 0; i < ws.length; i++) {
            Matrix w = ws[i].matrix();
            require(x.cols() == w.cols(), "linear", x, w);
            ys[i] = workspace.allocate(x.rows(), w.rows());
            together &= rounds(w) && !isShuffled(w);
        }
        if (together) {
            rounded(ys, x, ws);
        } else {
            for (int i = 0; i < ws.length; i++) {
                product(ys[i], x, ws[i].matrix());
            }
        }
        return ys;
    }

    /// x is rounded once for all.
    private void rounded(Tensor[] ys, Tensor x, Weight[] ws) {
        ProductList list = new ProductList();
        for (int i = 0; i < ws.length; i++) {
            list.add(ys[i], 0, x, 0, x.rows(), ws[i].matrix());
        }
        int mark = workspace.mark();
        kernels.linearEachRounded(list, like(x));
        workspace.release(mark);
    }

    /// `y = x · wᵀ`, in this precision, for a w that is a weight or a part of one.
    void product(Tensor y, Tensor x, Matrix w) {
        int mark = workspace.mark();
        Matrix straight = w;
        Tensor input = x;
        if (w instanceof CodedMatrix c && c.isShuffled()) {
            straight = c.inStoredOrder();
            input = shuffled(x, c);
        }
        if (rounds(straight)) {
            kernels.linearRounded(y, input, straight, like(x));
        } else if (straight instanceof Tensor t && halves(t)) {
            kernels.linearBf16Kept(y, input, t);
        } else {
            kernels.linear(y, input, straight);
        }
        workspace.release(mark);
    }

    /// Whether products with a weight round activations to 8 bits.
    private boolean rounds(Matrix w) {
        return precision != Precision.EXACT && w.isQuantised();
    }

    /// Whether products with a weight round both factors to BF16.
    private boolean halves(Tensor w) {
        return kernels.multipliesBf16() && switch (precision) {
            case EXACT -> false;
            case FAST -> w.dtype() == DType.BF16;
            case HALF -> !w.dtype().isQuantised();
        };
    }

    /// x with its columns in the order in which those of w lie.
    private Tensor shuffled(Tensor x, CodedMatrix w) {
        Tensor y = like(x);
        int cols = x.cols();
        for (int n = 0; n < x.rows(); n++) {
            long from = x.address() + n * x.rowBytes();
            long to = y.address() + n * y.rowBytes();
            for (int place = 0; place < cols; place++) {
                Memory.f32(to + 4L * place, Memory.f32(from + 4L * w.column(place)));
            }
        }
        return y;
    }

    /// `linear` for each product of a list.
    void linearEach(ProductList list) {
        ProductList straight = list.where(p -> !isShuffled(p.w()));
        ProductList rounded = straight.where(p -> rounds(p.w()));
        if (rounded.size() > 0) {
            int mark = workspace.mark();
            kernels.linearEachRounded(rounded, workspace.allocate(rounded.mostRows(), rounded.mostCols()));
            workspace.release(mark);
        }
        kernels.linearEach(straight.where(p -> !rounds(p.w())));
        if (straight.size() < list.size()) {
            ProductList others = list.where(p -> isShuffled(p.w()));
            for (int i = 0; i < others.size(); i++) {
                ProductList.Product p = others.get(i);
                product(p.y().rows(p.yRow(), p.yRow() + p.numRows()), p.x().rows(p.xRow(), p.xRow() + p.numRows()),
                        p.w());
            }
        }
    }

    private static boolean isShuffled(Matrix w) {
        return w instanceof CodedMatrix c && c.isShuffled();
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
    public Tensor rotate(Tensor x, int headSize, RopeTable table, Runs runs) {
        require(x.cols() % headSize == 0 && x.rows() == runs.numTokens(), "rotate", x, headSize);
        Tensor y = like(x);
        y.copyFrom(x);
        kernels.rotate(y, headSize, table, runs, 1);
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
        attend(y, null, q, runs, k, v, keyRuns, state, shape, Weight.NOTHING);
        return y;
    }

    /// Attention of the queries of `runs` over the keys and values of `keyRuns`.
    void attend(Tensor y, Tensor logSumExp, Tensor q, Runs runs, Tensor k, Tensor v, Runs keyRuns, KeyValueState state,
            AttentionShape shape, Weight learned) {
        int tokens = keyRuns.numTokens();
        require(q.cols() == shape.numHeads() * shape.keySize() && q.rows() == runs.numTokens(), "attention", q, shape);
        require(k.cols() == shape.numKeyValueHeads() * shape.keySize() && k.rows() == tokens, "attention", k, shape);
        // The values of a single head may be the first numbers of its keys.
        require(v.cols() == shape.numKeyValueHeads() * shape.valueSize() && v.rows() == tokens
                || v == k && shape.numKeyValueHeads() == 1 && v.cols() >= shape.valueSize(), "attention", v, shape);
        require(stored(learned).size() == shape.learnedSize(), "attention", stored(learned), shape);
        kernels.attention(y, logSumExp, q, state.append(k, v, keyRuns), runs, shape, stored(learned));
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
        Tensor y = operation.forward(this);
        watcher.accept(operation);
        return y;
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
