package glia.tensor.kernel;

import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/// Products `y = x · wᵀ` of several weights, each with some rows of a matrix and to some rows of another: those of
/// experts, each with its own tokens.
public final class GroupedGemm {
    /// `y[yRow + n] = x[xRow + n] · wᵀ` for the first `numRows` n, at least one.
    public record Problem(Tensor y, int yRow, Tensor x, int xRow, int numRows, Matrix w) {
        public Problem {
            if (numRows < 1 || yRow < 0 || xRow < 0 || yRow + numRows > y.rows() || xRow + numRows > x.rows()
                    || x.cols() != w.cols() || y.cols() != w.rows() || x.dtype() != DType.F32
                    || y.dtype() != DType.F32) {
                throw new IllegalArgumentException("no product of rows " + xRow + " + " + numRows + " of " + x + " and "
                        + w + " in rows " + yRow + " of " + y);
            }
        }

        /// Whether both multiply the same rows.
        public boolean sharesInput(Problem other) {
            return x == other.x && xRow == other.xRow && numRows == other.numRows;
        }
    }

    private final List<Problem> problems = new ArrayList<>();

    /// An empty list.
    public GroupedGemm() { }

    /// Adds a product. Products of the same rows are best added one after the other.
    public void add(Tensor y, int yRow, Tensor x, int xRow, int numRows, Matrix w) {
        problems.add(new Problem(y, yRow, x, xRow, numRows, w));
    }

    public int size() {
        return problems.size();
    }

    public Problem get(int i) {
        return problems.get(i);
    }

    /// The problems of some kind: this list, if these are all.
    public GroupedGemm where(Predicate<Problem> kind) {
        if (problems.stream().allMatch(kind)) {
            return this;
        }
        GroupedGemm some = new GroupedGemm();
        problems.stream().filter(kind).forEach(some.problems::add);
        return some;
    }

    /// The most rows that a product multiplies.
    public int maxRows() {
        return problems.stream().mapToInt(Problem::numRows).max().orElse(0);
    }

    /// The most columns of a weight.
    public int maxCols() {
        return problems.stream().mapToInt(p -> p.w.cols()).max().orElse(0);
    }
}
