package glia.tensor.ops;

import glia.tensor.Matrix;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.GroupedGemm;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Magnitudes.MagnitudeProducts;
import glia.tensor.ops.RowAdapters.BatchAdapters;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/// Matrix multiplication with weights of every kind and in every precision, forward and backward, and lookups of their
/// rows. Only this class distinguishes kinds of weights: a matrix is multiplied as it is stored; a low-rank adapter
/// adds the product of its two factors to that of its base, and magnitudes scale the sum.
///
/// Scratch memory is taken from the pass's workspace. For weights without an adapter nothing else is allocated.
public final class WeightProducts {
    private final Kernels kernels;
    private final Workspace workspace;
    private final MatrixProducts matrices;
    private final MagnitudeProducts magnitudes;
    private final BatchAdapters adapters = new BatchAdapters();

    /// @param hasGradients whether a backward pass follows; activations are then not quantized to int8, which has no
    ///        useful gradient
    WeightProducts(Kernels kernels, Workspace workspace, Precision precision, boolean hasGradients) {
        this.kernels = kernels;
        this.workspace = workspace;
        matrices = new MatrixProducts(kernels, workspace, precision, hasGradients);
        magnitudes = new MagnitudeProducts(workspace);
    }

    /// Multiplies some weights in FP8 (see `Float8Products`), forward and backward.
    void useFloat8(Predicate<Matrix> chosen) {
        matrices.useFloat8(chosen);
    }

    /// The adapters of the rows of the next pass.
    public BatchAdapters adapters() {
        return adapters;
    }

    // ---- forward -------------------------------------------------------------------------------------------------

    /// Computes `y = x · wᵀ` for x `[N, K]`, w `[R, K]`.
    public void multiply(Tensor y, Tensor x, Weight w) {
        switch (w) {
            case Weight.Plain plain -> matrices.multiply(y, x, plain.matrix());
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
            together &= matrices.quantizesActivations(m) && !MatrixProducts.hasActOrder(m);
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
        matrices.multiplyQuantized(list);
        for (int i = 0; i < ws.length; i++) {
            addAdapters(ys[i], x, ws[i]);
        }
    }

    /// Adds the products of all adapters of a weight to that of its matrix, the innermost first.
    private void addAdapters(Tensor y, Tensor x, Weight w) {
        if (w instanceof LowRank adapted) {
            addAdapters(y, x, adapted.base());
            addLowRank(y, x, adapted);
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
            addTerms(w);
        }

        /// Adds the adapters of a weight to the last product, the innermost first.
        private void addTerms(Weight w) {
            if (w instanceof LowRank adapted) {
                if (adapted.number() > 0) {
                    throw new IllegalArgumentException(w + " is an expert's: such an adapter cannot be batched with "
                            + "others");
                }
                addTerms(adapted.base());
                terms.add(new Term(list.get(list.size() - 1), adapted));
            }
        }
    }

    /// Computes all matrix multiplications of a batch.
    public void multiply(Batch batch) {
        matrices.multiplyEach(batch.list);
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
        matrices.multiplyEach(down);
        List<Tensor> outer = new ArrayList<>();
        GroupedGemm up = new GroupedGemm();
        for (int i = 0; i < inner.size(); i++) {
            Batch.Term term = batch.terms.get(i);
            Tensor t = workspace.allocate(term.product.numRows(), term.adapted.rows());
            outer.add(t);
            up.add(t, 0, inner.get(i), 0, t.rows(), term.adapted.b().tensor());
        }
        matrices.multiplyEach(up);
        for (int i = 0; i < outer.size(); i++) {
            GroupedGemm.Problem p = batch.terms.get(i).product;
            add(p.y().rows(p.yRow(), p.yRow() + p.numRows()), outer.get(i), batch.terms.get(i).adapted);
        }
        workspace.release(mark);
    }

    /// Computes `y += scale · (x · Aᵀ) · Bᵀ`, with the adapter's bias and magnitudes, for the rows that have it.
    private void addLowRank(Tensor y, Tensor x, LowRank w) {
        if (w.number() == 0) {
            addToAll(y, x, w);
            return;
        }
        RowAdapters of = adapters.of(x, w);
        for (int i = 0; of != null && i < of.count(); i++) {
            if (of.adapter(i) == w.number()) {
                addToAll(y.rows(of.start(i), of.end(i)), x.rows(of.start(i), of.end(i)), w);
            }
        }
    }

    private void addToAll(Tensor y, Tensor x, LowRank w) {
        int mark = workspace.mark();
        Tensor inner = workspace.allocate(x.rows(), w.rank());
        matrices.multiply(inner, x, w.a().tensor());
        Tensor outer = workspace.allocate(x.rows(), w.rows());
        matrices.multiply(outer, inner, w.b().tensor());
        add(y, outer, w);
        workspace.release(mark);
    }

    /// Computes `y = g · (y + scale · (outer + c))`; outer is overwritten if there is a bias c.
    private void add(Tensor y, Tensor outer, LowRank w) {
        if (w.bias().isPresent()) {
            kernels.addRow(outer, outer, w.bias().get().tensor());
        }
        kernels.add(y, y, outer, w.scale());
        if (w.magnitudes().isPresent()) {
            magnitudes.multiply(y, factors(w, Magnitudes.Axis.ROWS), 0);
        }
    }

    /// The factors g of a weight with magnitudes.
    ///
    /// @throws IllegalArgumentException if the magnitudes are of the other axis
    private Tensor factors(LowRank w, Magnitudes.Axis axis) {
        Magnitudes m = w.magnitudes().orElseThrow();
        if (m.axis() != axis) {
            throw new IllegalArgumentException(w + " has magnitudes of its " + (axis == Magnitudes.Axis.ROWS
                    ? "columns, which products do not support" : "rows, which lookups do not support"));
        }
        return m.factors(this);
    }

    /// The product of an adapter's inner factor with its base in F32: `A · Wᵀ`, or `Bᵀ · W` for columns.
    float[] cross(LowRank w, Magnitudes.Axis axis) {
        int mark = workspace.mark();
        WeightProducts exact = new WeightProducts(kernels, workspace, Precision.EXACT, false);
        Tensor cross = workspace.allocate(w.rank(), axis == Magnitudes.Axis.ROWS ? w.rows() : w.cols());
        if (axis == Magnitudes.Axis.ROWS) {
            exact.multiply(cross, w.a().tensor(), w.base());
        } else {
            Tensor b = w.b().tensor();
            Tensor transposed = workspace.allocate(w.rank(), w.rows());
            for (int r = 0; r < w.rows(); r++) {
                for (int i = 0; i < w.rank(); i++) {
                    transposed.set((long) i * w.rows() + r, b.get((long) r * w.rank() + i));
                }
            }
            cross.zero();
            exact.addInputGradient(cross, transposed, w.base());
        }
        float[] values = cross.toArray();
        workspace.release(mark);
        return values;
    }

    /// Computes `y[n] = table[ids[n]]` for the first `count` ids.
    void gather(Tensor y, Weight table, int[] ids, int count) {
        switch (table) {
            case Weight.Plain plain -> kernels.gather(y, plain.matrix(), ids, count);
            case LowRank adapted -> {
                requireAllRows(adapted);
                gather(y, adapted.base(), ids, count);
                int mark = workspace.mark();
                Tensor rows = scaledRows(adapted, ids, count);
                kernels.linearBackwardInput(y, rows, adapted.a().tensor());
                workspace.release(mark);
                if (adapted.magnitudes().isPresent()) {
                    magnitudes.multiply(y, factors(adapted, Magnitudes.Axis.COLUMNS), 0);
                }
            }
        }
    }

    private static void requireAllRows(LowRank w) {
        if (w.number() > 0) {
            throw new IllegalArgumentException(w + " is of an embedding or multiplied in both directions: such an "
                    + "adapter cannot be batched with others");
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
            case Weight.Plain plain -> matrices.addInputGradient(dx, dy, plain.matrix());
            case LowRank adapted -> {
                requireAllRows(adapted);
                int mark = workspace.mark();
                Tensor d = adapted.magnitudes().isPresent()
                        ? magnitudes.product(dy, factors(adapted, Magnitudes.Axis.ROWS), 0) : dy;
                addInputGradient(dx, d, adapted.base());
                matrices.addInputGradient(dx, inner(d, adapted, 0), adapted.a().tensor());
                workspace.release(mark);
            }
        }
    }

    /// Computes `scale · dy · B` for some rows of B, as many as dy has columns.
    private Tensor inner(Tensor dy, LowRank w, int row) {
        Tensor v = workspace.allocate(dy.rows(), w.rank());
        v.zero();
        matrices.addInputGradient(v, dy, w.b().tensor().rows(row, row + dy.cols()));
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
                    matrices.addOuterProducts(tape.gradient(plain).rows(row, row + dy.cols()), dy, x, plain.matrix());
            case Weight.Plain frozen -> { }
            case LowRank adapted when adapted.magnitudes().isPresent() -> {
                int mark = workspace.mark();
                Magnitudes m = adapted.magnitudes().get();
                Tensor g = factors(adapted, Magnitudes.Axis.ROWS);
                if (tape.needs(m.vector())) {
                    Tensor y = workspace.allocate(dy.rows(), dy.cols());
                    multiply(y, x, part(m.sum(), row, dy.cols()));
                    magnitudes.addGradient(tape.gradient(m.vector()), row, dy, y, m.inverseNorms(this));
                }
                addWeightGradient(tape, m.sum(), row, magnitudes.product(dy, g, row), x);
                workspace.release(mark);
            }
            case LowRank adapted -> {
                addWeightGradient(tape, adapted.base(), row, dy, x);
                int mark = workspace.mark();
                if (tape.needs(adapted.b())) {
                    addWeightGradient(tape, adapted.b(), row, dy, scaledProduct(x, adapted));
                }
                if (tape.needs(adapted.a())) {
                    addWeightGradient(tape, adapted.a(), 0, inner(dy, adapted, row), x);
                }
                if (adapted.bias().isPresent() && tape.needs(adapted.bias().get())) {
                    Tensor sum = workspace.allocate(1, dy.cols()).reshape(dy.cols());
                    sum.zero();
                    kernels.gradients().sumRows(sum, dy);
                    Tensor to = LowRank.elements(tape.gradient(adapted.bias().get()), row, row + dy.cols());
                    kernels.add(to, to, sum, adapted.scale());
                }
                workspace.release(mark);
            }
        }
    }

    /// Computes `dw += dyᵀ · x`.
    ///
    /// @param w whose gradient dw is, or a part of it
    void addOuterProducts(Tensor dw, Tensor dy, Tensor x, Weight.Plain w) {
        matrices.addOuterProducts(dw, dy, x, w.matrix());
    }

    private static LowRank part(LowRank w, int row, int count) {
        return count == w.rows() ? w : w.rows(row, row + count);
    }

    /// Computes `scale · x · Aᵀ`.
    private Tensor scaledProduct(Tensor x, LowRank w) {
        Tensor u = workspace.allocate(x.rows(), w.rank());
        matrices.multiply(u, x, w.a().tensor());
        kernels.scale(u, u, w.scale());
        return u;
    }

    /// Computes the gradient of `gather`: `dtable[ids[n]] += dy[n]`; for an adapter `dB[ids[n]] += scale · dy[n] · Aᵀ`
    /// and `dA += scale · B[ids]ᵀ · dy`.
    ///
    /// @param frozenRow the row of the table, or of B, without a gradient; -1 for none. As in PEFT, lookups of it count
    ///     for A and the magnitudes
    public void addRowGradients(Tape tape, Weight table, Tensor dy, int[] ids, int count, int frozenRow) {
        switch (table) {
            case Weight.Plain plain when tape.needs(plain) ->
                    kernels.gradients().scatterAdd(tape.gradient(plain), dy, ids, count, frozenRow);
            case Weight.Plain frozen -> { }
            case LowRank adapted when adapted.magnitudes().isPresent() -> {
                int mark = workspace.mark();
                Magnitudes m = adapted.magnitudes().get();
                Tensor g = factors(adapted, Magnitudes.Axis.COLUMNS);
                Tensor d = magnitudes.product(dy, g, 0);
                if (tape.needs(m.vector())) {
                    Tensor y = workspace.allocate(dy.rows(), dy.cols());
                    gather(y, m.sum(), ids, count);
                    magnitudes.addGradient(tape.gradient(m.vector()), 0, dy, y, m.inverseNorms(this));
                }
                addRowGradients(tape, m.sum(), d, ids, count, frozenRow);
                workspace.release(mark);
            }
            case LowRank adapted -> {
                addRowGradients(tape, adapted.base(), dy, ids, count, frozenRow);
                int mark = workspace.mark();
                if (tape.needs(adapted.b())) {
                    addRowGradients(tape, adapted.b(), scaledProduct(dy, adapted), ids, count, frozenRow);
                }
                if (tape.needs(adapted.a())) {
                    addWeightGradient(tape, adapted.a(), 0, scaledRows(adapted, ids, count), dy);
                }
                workspace.release(mark);
            }
        }
    }

    /// The matrix below all adapters.
    private static Matrix matrix(Weight w) {
        return switch (w) {
            case Weight.Plain plain -> plain.matrix();
            case LowRank adapted -> matrix(adapted.base());
        };
    }
}
