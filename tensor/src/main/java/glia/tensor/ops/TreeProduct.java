package glia.tensor.ops;

import glia.tensor.DType;
import glia.tensor.Tensor;
import java.util.List;

/// Matrix multiplication with a weight whose columns are cut into eight parts, of which each of 1, 2, 4 or 8 ranks has
/// as many. Products of parts are added as a balanced tree (`TreeSum`), so that the result has the same bits on any
/// number of ranks.
///
/// For N rows of a result with R columns each of P ranks sends `2 · (P - 1)/P · 4 · N · R` bytes.
public final class TreeProduct {
    /// The number of parts of all ranks.
    public static final int PARTS = 8;

    private final TreeSum sum;
    private final List<Weight.Plain> parts;

    /// @param ranks each of which has as many parts
    /// @param scatters whether a rank gets its rows of the result alone (`RowParts`)
    /// @param parts this rank's, in their order
    public TreeProduct(RankGroup ranks, boolean scatters, List<Weight.Plain> parts) {
        if (ranks.size() * parts.size() != PARTS) {
            throw new IllegalArgumentException(parts.size() + " parts on each of " + ranks.size() + " ranks, expected "
                    + PARTS + " in all");
        }
        this.sum = new TreeSum(ranks, scatters);
        this.parts = List.copyOf(parts);
    }

    /// The first of `count` columns or rows that belong to a part.
    public static int start(int count, int part) {
        return (int) ((long) count * part / PARTS);
    }

    /// Computes `y = x · wᵀ` of all ranks, all rows of it or this rank's.
    ///
    /// @param x the columns of this rank's parts
    Tensor multiply(Compute ops, Tensor x) {
        int cols = parts.getFirst().rows();
        Tensor y = ops.allocate(sum.rows().own(x.rows()), cols);
        int mark = ops.mark();
        Tensor[] sums = new Tensor[parts.size()];
        int from = 0;
        for (int i = 0; i < sums.length; i++) {
            Weight part = parts.get(i);
            Tensor input = ops.allocate(x.rows(), part.cols());
            TreeSum.copyColumns(x, from, input);
            from += part.cols();
            sums[i] = ops.allocate(x.rows(), cols);
            ops.products().multiply(sums[i], input, part);
        }
        Compute.require(from == x.cols(), "linear", x, from);
        sum.add(ops.kernels(), ops::allocate, sums);
        y.copyFrom(sum.rows().own(sums[0]));
        ops.release(mark);
        return y;
    }

    /// The product with gradients. Each rank has those of its columns; none are sent.
    ///
    /// @param w this rank's parts one after the other, each `[R, its columns]`
    public record Linear(Tensor x, Weight.Stored w, TreeProduct product) implements Operation.ReadsInputs,
            Operation.Rounded {
        @Override
        public Tensor forward(Compute ops) {
            return product.multiply(ops, x);
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(x);
            inputs.weights(w);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dy = product.sum.rows().all(tape, tape.gradient(y), x.rows());
            int column = 0;
            for (Weight.Plain part : product.parts) {
                if (tape.needs(w)) {
                    Tensor input = tape.scratch(x.rows(), part.cols());
                    TreeSum.copyColumns(x, column, input);
                    Tensor dw = tape.gradient(w).view(4L * part.rows() * column, DType.F32, part.rows(), part.cols());
                    tape.products().addOuterProducts(dw, dy, input, part);
                }
                if (tape.needs(x)) {
                    Tensor dx = tape.scratch(x.rows(), part.cols());
                    dx.zero();
                    tape.products().addInputGradient(dx, dy, part);
                    TreeSum.addColumns(tape.gradient(x), column, dx);
                }
                column += part.cols();
            }
        }
    }
}
