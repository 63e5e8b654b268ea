package glia.tensor.kernel;

import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/// The problems of a grouped GEMM: matrix multiplications `y = x · wᵀ` with several weights, each from some rows of a
/// matrix to some rows of another. Mixture-of-experts layers use it: each expert has its own weight and tokens.
public final class GroupedGemm {
    /// One matrix multiplication: `y[yRow + n] = x[xRow + n] · wᵀ` for n from 0 to `numRows - 1`; `numRows` is at least
    /// 1.
    public record Problem(Tensor y, int yRow, Tensor x, int xRow, int numRows, Matrix w) {
        public Problem {
            if (numRows < 1 || yRow < 0 || xRow < 0 || yRow + numRows > y.rows() || xRow + numRows > x.rows()
                    || x.cols() != w.cols() || y.cols() != w.rows() || x.dtype() != DType.F32
                    || y.dtype() != DType.F32) {
                throw new IllegalArgumentException("cannot multiply rows " + xRow + "+" + numRows + " of " + x + " by "
                        + w + " in rows " + yRow + " of " + y);
            }
        }

        /// Whether both multiply the same rows.
        public boolean sharesInput(Problem other) {
            return x == other.x && xRow == other.xRow && numRows == other.numRows;
        }
    }

    private final List<Problem> problems = new ArrayList<>();

    /// Creates an empty list.
    public GroupedGemm() { }

    /// Adds a problem. Add problems with the same input rows one after the other, so that they share packed
    /// activations.
    public void add(Tensor y, int yRow, Tensor x, int xRow, int numRows, Matrix w) {
        problems.add(new Problem(y, yRow, x, xRow, numRows, w));
    }

    public int size() {
        return problems.size();
    }

    public Problem get(int i) {
        return problems.get(i);
    }

    /// Returns the problems that match a predicate: this object if all do.
    public GroupedGemm where(Predicate<Problem> kind) {
        if (problems.stream().allMatch(kind)) {
            return this;
        }
        GroupedGemm some = new GroupedGemm();
        problems.stream().filter(kind).forEach(some.problems::add);
        return some;
    }

    /// The largest number of rows of a problem.
    public int maxRows() {
        return problems.stream().mapToInt(Problem::numRows).max().orElse(0);
    }

    /// The largest number of columns of a weight.
    public int maxCols() {
        return problems.stream().mapToInt(p -> p.w.cols()).max().orElse(0);
    }
}
