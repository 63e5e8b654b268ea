package glia.tensor.ops;

import glia.tensor.QuantizedMatrix;
import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Memory;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.GroupedGemm;
import java.util.ArrayList;
import java.util.List;

/// Matrix multiplication with weights of every kind and in every precision, forward and backward, and lookups of their
/// rows. Only this class distinguishes kinds of weights: a matrix is multiplied as it is stored; a low-rank adapter
/// adds the product of its two factors to that of its base.
///
/// Scratch memory is taken from the pass's workspace. For weights without an adapter nothing else is allocated.
public final class WeightProducts {
    private final Kernels kernels;
    private final Workspace workspace;
    private final Precision precision;
    private final boolean hasGradients;

    /// @param hasGradients whether a backward pass follows; activations are then not quantized to int8, which has no
    ///        useful gradient
    WeightProducts(Kernels kernels, Workspace workspace, Precision precision, boolean hasGradients) {
        this.kernels = kernels;
        this.workspace = workspace;
        this.precision = precision;
        this.hasGradients = hasGradients;
    }

    // ---- forward -------------------------------------------------------------------------------------------------

    /// Computes `y = x · wᵀ` for x `[N, K]`, w `[R, K]`.
    public void multiply(Tensor y, Tensor x, Weight w) {
        switch (w) {
            case Weight.Plain plain -> multiply(y, x, plain.matrix());
            case LowRank adapted -> {
                multiply(y, x, adapted.base());
                addLowRank(y, x, adapted);
            }
        }
    }

    /// Computes `y[i] = x · w[i]ᵀ`, quantizing the activations once for all weights.
    public void multiply(Tensor[] ys, Tensor x, Weight[] ws) {
        boolean together = x.rows() > 0;
        for (Weight w : ws) {
            Matrix m = matrix(w);
            together &= quantizesActivations(m) && !hasActOrder(m);
        }
        if (!together) {
            for (int i = 0; i < ws.length; i++) {
                multiply(ys[i], x, ws[i]);
            }
            return;
        }
        GroupedGemm list = new GroupedGemm();
        for (int i = 0; i < ws.length; i++) {
            list.add(ys[i], 0, x, 0, x.rows(), matrix(ws[i]));
        }
        multiplyQuantized(list);
        for (int i = 0; i < ws.length; i++) {
            for (Weight at = ws[i]; at instanceof LowRank adapted; at = adapted.base()) {
                addLowRank(ys[i], x, adapted);
            }
        }
    }

    /// Matrix multiplications of several weights with rows of matrices (see `GroupedGemm`).
    public static final class Batch {
        /// The contribution of an adapter to a product.
        private record Term(GroupedGemm.Problem product, LowRank adapted) { }

        private final GroupedGemm list = new GroupedGemm();
        private final List<Term> terms = new ArrayList<>();

        public Batch() { }

        /// Adds `y[yRow + n] = x[xRow + n] · wᵀ` for the first `numRows` n.
        public void add(Tensor y, int yRow, Tensor x, int xRow, int numRows, Weight w) {
            list.add(y, yRow, x, xRow, numRows, matrix(w));
            for (Weight at = w; at instanceof LowRank adapted; at = adapted.base()) {
                terms.add(new Term(list.get(list.size() - 1), adapted));
            }
        }
    }

    /// Computes all matrix multiplications of a batch.
    public void multiply(Batch batch) {
        multiplyEach(batch.list);
        if (batch.terms.isEmpty()) {
            return;
        }
        int mark = workspace.mark();
        List<Tensor> inner = new ArrayList<>();
        GroupedGemm down = new GroupedGemm();
        for (Batch.Term term : batch.terms) {
            GroupedGemm.Problem p = term.product;
            Tensor u = workspace.allocate(p.numRows(), term.adapted.rank());
            inner.add(u);
            down.add(u, 0, p.x(), p.xRow(), p.numRows(), term.adapted.a().tensor());
        }
        multiplyEach(down);
        List<Tensor> outer = new ArrayList<>();
        GroupedGemm up = new GroupedGemm();
        for (int i = 0; i < inner.size(); i++) {
            Batch.Term term = batch.terms.get(i);
            Tensor t = workspace.allocate(term.product.numRows(), term.adapted.rows());
            outer.add(t);
            up.add(t, 0, inner.get(i), 0, t.rows(), term.adapted.b().tensor());
        }
        multiplyEach(up);
        for (int i = 0; i < outer.size(); i++) {
            GroupedGemm.Problem p = batch.terms.get(i).product;
            Tensor y = p.y().rows(p.yRow(), p.yRow() + p.numRows());
            kernels.add(y, y, outer.get(i), batch.terms.get(i).adapted.scale());
        }
        workspace.release(mark);
    }

    /// Computes `y += scale · (x · Aᵀ) · Bᵀ`.
    private void addLowRank(Tensor y, Tensor x, LowRank w) {
        int mark = workspace.mark();
        Tensor inner = workspace.allocate(x.rows(), w.rank());
        multiply(inner, x, w.a().tensor());
        Tensor outer = workspace.allocate(x.rows(), w.rows());
        multiply(outer, inner, w.b().tensor());
        kernels.add(y, y, outer, w.scale());
        workspace.release(mark);
    }

    /// Computes `y[n] = table[ids[n]]` for the first `count` ids.
    void gather(Tensor y, Weight table, int[] ids, int count) {
        switch (table) {
            case Weight.Plain plain -> kernels.gather(y, plain.matrix(), ids, count);
            case LowRank adapted -> {
                gather(y, adapted.base(), ids, count);
                int mark = workspace.mark();
                Tensor rows = scaledRows(adapted, ids, count);
                kernels.linearBackwardInput(y, rows, adapted.a().tensor());
                workspace.release(mark);
            }
        }
    }

    /// Computes `scale · B[ids[n]]`.
    private Tensor scaledRows(LowRank w, int[] ids, int count) {
        Tensor rows = workspace.allocate(count, w.rank());
        kernels.gather(rows, w.b().tensor(), ids, count);
        kernels.scale(rows, rows, w.scale());
        return rows;
    }

    // ---- backward ------------------------------------------------------------------------------------------------

    /// Computes `dx += dy · w`, the gradient of `multiply` for its input.
    public void addInputGradient(Tensor dx, Tensor dy, Weight w) {
        switch (w) {
            case Weight.Plain plain -> addInputGradient(dx, dy, plain.matrix());
            case LowRank adapted -> {
                addInputGradient(dx, dy, adapted.base());
                int mark = workspace.mark();
                addInputGradient(dx, inner(dy, adapted, 0), adapted.a().tensor());
                workspace.release(mark);
            }
        }
    }

    /// Computes `scale · dy · B` for some rows of B, as many as dy has columns.
    private Tensor inner(Tensor dy, LowRank w, int row) {
        Tensor v = workspace.allocate(dy.rows(), w.rank());
        v.zero();
        addInputGradient(v, dy, w.b().tensor().rows(row, row + dy.cols()));
        kernels.scale(v, v, w.scale());
        return v;
    }

    /// Computes `dw += dyᵀ · x` for the trainable parts of a weight: the gradient of `multiply` for its weight. For an
    /// adapter this is `dB += scale · dyᵀ · (x · Aᵀ)` and `dA += scale · (dy · B)ᵀ · x`.
    public void addWeightGradient(Tape tape, Weight w, Tensor dy, Tensor x) {
        addWeightGradient(tape, w, 0, dy, x);
    }

    /// Computes the weight gradient for some rows of a weight, as many as dy has columns.
    ///
    /// @param row the first of them
    public void addWeightGradient(Tape tape, Weight w, int row, Tensor dy, Tensor x) {
        switch (w) {
            case Weight.Plain plain when tape.needs(plain) ->
                    addOuterProducts(tape.gradient(plain).rows(row, row + dy.cols()), dy, x);
            case Weight.Plain frozen -> { }
            case LowRank adapted -> {
                addWeightGradient(tape, adapted.base(), row, dy, x);
                int mark = workspace.mark();
                if (tape.needs(adapted.b())) {
                    addWeightGradient(tape, adapted.b(), row, dy, scaledProduct(x, adapted));
                }
                if (tape.needs(adapted.a())) {
                    addWeightGradient(tape, adapted.a(), 0, inner(dy, adapted, row), x);
                }
                workspace.release(mark);
            }
        }
    }

    /// Computes `scale · x · Aᵀ`.
    private Tensor scaledProduct(Tensor x, LowRank w) {
        Tensor u = workspace.allocate(x.rows(), w.rank());
        multiply(u, x, w.a().tensor());
        kernels.scale(u, u, w.scale());
        return u;
    }

    /// Computes the gradient of `gather`: `dtable[ids[n]] += dy[n]`; for an adapter `dB[ids[n]] += scale · dy[n] · Aᵀ`
    /// and `dA += scale · B[ids]ᵀ · dy`.
    ///
    /// @param frozenRow the row without a gradient; -1 for none
    public void addRowGradients(Tape tape, Weight table, Tensor dy, int[] ids, int frozenRow) {
        switch (table) {
            case Weight.Plain plain when tape.needs(plain) ->
                    kernels.gradients().scatterAdd(tape.gradient(plain), dy, ids, ids.length, frozenRow);
            case Weight.Plain frozen -> { }
            case LowRank adapted -> {
                addRowGradients(tape, adapted.base(), dy, ids, frozenRow);
                int mark = workspace.mark();
                if (tape.needs(adapted.b())) {
                    addRowGradients(tape, adapted.b(), scaledProduct(dy, adapted), ids, frozenRow);
                }
                if (tape.needs(adapted.a())) {
                    Tensor rows = scaledRows(adapted, ids, ids.length);
                    for (int n = 0; n < ids.length; n++) {
                        if (ids[n] == frozenRow) {
                            rows.rows(n, n + 1).zero();
                        }
                    }
                    addWeightGradient(tape, adapted.a(), 0, rows, dy);
                }
                workspace.release(mark);
            }
        }
    }

    // ---- one matrix ----------------------------------------------------------------------------------------------

    /// The matrix below all adapters.
    private static Matrix matrix(Weight w) {
        return switch (w) {
            case Weight.Plain plain -> plain.matrix();
            case LowRank adapted -> matrix(adapted.base());
        };
    }

    private void multiply(Tensor y, Tensor x, Matrix w) {
        int mark = workspace.mark();
        Matrix straight = w;
        Tensor input = x;
        if (w instanceof QuantizedMatrix c && c.hasActOrder()) {
            straight = c.inStoredOrder();
            input = inStoredOrder(x, c);
        }
        if (quantizesActivations(straight)) {
            kernels.linearQuantized(y, input, straight, workspace.allocate(x.rows(), x.cols()));
        } else if (straight instanceof Tensor t && roundsToBf16(t)) {
            kernels.linearBf16Packed(y, input, t);
        } else {
            kernels.linear(y, input, straight);
        }
        workspace.release(mark);
    }

    private void multiplyQuantized(GroupedGemm list) {
        int mark = workspace.mark();
        kernels.linearGroupedQuantized(list, workspace.allocate(list.maxRows(), list.maxCols()));
        workspace.release(mark);
    }

    private void multiplyEach(GroupedGemm list) {
        GroupedGemm straight = list.where(p -> !hasActOrder(p.w()));
        GroupedGemm rounded = straight.where(p -> quantizesActivations(p.w()));
        if (rounded.size() > 0) {
            multiplyQuantized(rounded);
        }
        kernels.linearGrouped(straight.where(p -> !quantizesActivations(p.w())));
        if (straight.size() < list.size()) {
            GroupedGemm others = list.where(p -> hasActOrder(p.w()));
            for (int i = 0; i < others.size(); i++) {
                GroupedGemm.Problem p = others.get(i);
                multiply(p.y().rows(p.yRow(), p.yRow() + p.numRows()), p.x().rows(p.xRow(), p.xRow() + p.numRows()),
                        p.w());
            }
        }
    }

    private void addInputGradient(Tensor dx, Tensor dy, Matrix w) {
        if (hasGradients && w instanceof Tensor t && roundsToBf16(t)) {
            kernels.linearBackwardInputBf16(dx, dy, t);
        } else {
            kernels.linearBackwardInput(dx, dy, w);
        }
    }

    private void addOuterProducts(Tensor dw, Tensor dy, Tensor x) {
        if (precision == Precision.HALF && kernels.multipliesBf16()) {
            kernels.linearBackwardWeightBf16(dw, dy, x);
        } else {
            kernels.linearBackwardWeight(dw, dy, x);
        }
    }

    /// Whether activations are quantized to int8 for a weight.
    private boolean quantizesActivations(Matrix w) {
        return precision != Precision.EXACT && !hasGradients && w.isQuantized();
    }

    /// Whether both factors are rounded to BF16 for a weight.
    private boolean roundsToBf16(Tensor w) {
        return kernels.multipliesBf16() && switch (precision) {
            case EXACT -> false;
            case FAST -> w.dtype() == DType.BF16;
            case HALF -> !w.dtype().isQuantized();
        };
    }

    private static boolean hasActOrder(Matrix w) {
        return w instanceof QuantizedMatrix c && c.hasActOrder();
    }

    /// Returns x with its columns in the stored order of w.
    private Tensor inStoredOrder(Tensor x, QuantizedMatrix w) {
        Tensor y = workspace.allocate(x.rows(), x.cols());
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
}
