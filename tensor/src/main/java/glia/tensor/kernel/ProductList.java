package glia.tensor.kernel;

import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/// Products `y = x · wᵀ` of several weights, each with some rows of a matrix and to some rows of another: those of
/// experts, each with its own tokens.
public final class ProductList {
    /// `y[yRow + n] = x[xRow + n] · wᵀ` for the first `numRows` n, at least one.
    public record Product(Tensor y, int yRow, Tensor x, int xRow, int numRows, Matrix w) {
        public Product {
            if (numRows < 1 || yRow < 0 || xRow < 0 || yRow + numRows > y.rows() || xRow + numRows > x.rows()
                    || x.cols() != w.cols() || y.cols() != w.rows() || x.dtype() != DType.F32
                    || y.dtype() != DType.F32) {
                throw new IllegalArgumentException("no product of rows " + xRow + " + " + numRows + " of " + x + " and "
                        + w + " in rows " + yRow + " of " + y);
            }
        }

        /// Whether both multiply the same rows.
        public boolean sharesInput(Product other) {
            return x == other.x && xRow == other.xRow && numRows == other.numRows;
        }
    }

    private final List<Product> products = new ArrayList<>();

    /// An empty list.
    public ProductList() { }

    /// Adds a product. Products of the same rows are best added one after the other.
    public void add(Tensor y, int yRow, Tensor x, int xRow, int numRows, Matrix w) {
        products.add(new Product(y, yRow, x, xRow, numRows, w));
    }

    public int size() {
        return products.size();
    }

    public Product get(int i) {
        return products.get(i);
    }

    /// The products of some kind: this list, if these are all.
    public ProductList where(Predicate<Product> kind) {
        if (products.stream().allMatch(kind)) {
            return this;
        }
        ProductList some = new ProductList();
        products.stream().filter(kind).forEach(some.products::add);
        return some;
    }

    /// The most rows that a product multiplies.
    public int mostRows() {
        return products.stream().mapToInt(Product::numRows).max().orElse(0);
    }

    /// The most columns of a weight.
    public int mostCols() {
        return products.stream().mapToInt(p -> p.w.cols()).max().orElse(0);
    }
}
