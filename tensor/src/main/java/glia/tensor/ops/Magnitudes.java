package glia.tensor.ops;

import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.format.MatrixReader;
import java.lang.foreign.Arena;

/// The magnitudes of a weight-decomposed adapter (DoRA, https://arxiv.org/abs/2402.09353): row i of `V = W + scale · B
/// · A` is multiplied by `g[i] = m[i] / ‖V[i,:]‖`. The norm counts as a constant in gradients (section 4.3 of the
/// paper). For an embedding table columns take the place of rows.
///
/// A row of norm 0 gets the factor 0.
public final class Magnitudes {
    /// What has a magnitude each.
    public enum Axis {
        /// Rows: outputs of a product.
        ROWS,
        /// Columns: the elements of an embedding.
        COLUMNS
    }

    private final LowRank sum;
    private final Axis axis;
    private final Weight.Stored vector;
    /// The whole of which this is a view, or this.
    private final Magnitudes whole;
    private final Tensor factors;
    private final Tensor inverseNorms;
    /// The squared norms of W, of the base's version.
    private double[] baseSquares;
    private long baseVersion;
    private long version = -1;

    /// @param sum V, an adapter without magnitudes
    Magnitudes(LowRank sum, Axis axis, Weight.Stored vector) {
        this.sum = sum;
        this.axis = axis;
        this.vector = vector;
        this.whole = this;
        factors = Tensor.allocate(Arena.ofAuto(), DType.F32, vector.cols());
        inverseNorms = Tensor.allocate(Arena.ofAuto(), DType.F32, vector.cols());
    }

    private Magnitudes(Magnitudes of, int from, int to) {
        sum = of.sum.rows(from, to);
        axis = of.axis;
        whole = of.whole;
        boolean isPart = axis == Axis.ROWS;
        vector = isPart ? new Weight.Stored(LowRank.elements(of.vector.tensor(), from, to)) : of.vector;
        factors = isPart ? LowRank.elements(of.factors, from, to) : of.factors;
        inverseNorms = isPart ? LowRank.elements(of.inverseNorms, from, to) : of.inverseNorms;
    }

    /// A view for some rows of the weight.
    Magnitudes rows(int from, int to) {
        return new Magnitudes(this, from, to);
    }

    /// `W + scale · B · A`, the weight without magnitudes.
    public LowRank sum() {
        return sum;
    }

    public Axis axis() {
        return axis;
    }

    /// The vector m.
    public Weight.Stored vector() {
        return vector;
    }

    /// The factors g of the current values.
    Tensor factors(WeightProducts products) {
        whole.refresh(products);
        return factors;
    }

    /// The reciprocals of the norms of the current values.
    Tensor inverseNorms(WeightProducts products) {
        whole.refresh(products);
        return inverseNorms;
    }

    /// Computes the factors again if a weight has changed.
    private synchronized void refresh(WeightProducts products) {
        long now = sum.version() + vector.version();
        if (now == version) {
            return;
        }
        if (baseSquares == null || baseVersion != sum.base().version()) {
            baseVersion = sum.base().version();
            baseSquares = AdapterNorms.squares(sum.base(), axis);
        }
        double[] squares = AdapterNorms.squares(baseSquares, products.cross(sum, axis), sum, axis);
        for (int i = 0; i < squares.length; i++) {
            set(i, Math.sqrt(squares[i]));
        }
        version = now;
    }

    private void set(int i, double norm) {
        double inverse = norm > 0 ? 1 / norm : 0;
        inverseNorms.set(i, (float) inverse);
        factors.set(i, (float) (vector.tensor().get(i) * inverse));
    }

    /// Multiplies V, given as one matrix, by the factors.
    void apply(Tensor v) {
        int rows = v.rows();
        int cols = v.cols();
        double[] squares = AdapterNorms.squares(new Weight.Stored(v), axis);
        double[] factor = new double[squares.length];
        for (int i = 0; i < factor.length; i++) {
            factor[i] = squares[i] > 0 ? vector.tensor().get(i) / Math.sqrt(squares[i]) : 0;
        }
        for (int r = 0; r < rows; r++) {
            long at = v.address() + r * v.rowBytes();
            for (int k = 0; k < cols; k++) {
                double f = factor[axis == Axis.ROWS ? r : k];
                Memory.f32(at + 4L * k, (float) (f * Memory.f32(at + 4L * k)));
            }
        }
    }

    /// The norms of the rows or columns of a weight: the magnitudes with which a new adapter changes nothing.
    ///
    /// @return F32 in `arena`
    public static Tensor norms(Weight w, Axis axis, Arena arena) {
        double[] squares = AdapterNorms.squares(w, axis);
        float[] norms = new float[squares.length];
        for (int i = 0; i < norms.length; i++) {
            norms[i] = (float) Math.sqrt(squares[i]);
        }
        return Tensor.of(arena, norms, norms.length);
    }

    /// Squared norms of the rows or columns of weights, in F64.
    static final class AdapterNorms {
        private AdapterNorms() { }

        /// The squared norms of a weight of any kind.
        static double[] squares(Weight w, Magnitudes.Axis axis) {
            if (!(w instanceof Weight.Plain plain)) {
                try (Arena scratch = Arena.ofConfined()) {
                    return squares(new Weight.Stored(w.toF32(scratch)), axis);
                }
            }
            Matrix matrix = plain.matrix();
            double[] squares = new double[axis == Magnitudes.Axis.ROWS ? w.rows() : w.cols()];
            float[] row = new float[w.cols()];
            MatrixReader reader = new MatrixReader();
            for (int r = 0; r < w.rows(); r++) {
                reader.read(matrix, r, 0, row.length, row);
                for (int k = 0; k < row.length; k++) {
                    squares[axis == Magnitudes.Axis.ROWS ? r : k] += (double) row[k] * row[k];
                }
            }
            return squares;
        }

        /// The squared norms of `V = W + s · B · A` without V: for rows `‖V[i]‖² = ‖W[i]‖² + 2s · B[i] · (A · W[i]) +
        /// s² · B[i] · (A · Aᵀ) · B[i]`, for columns with the roles of A and B exchanged.
        ///
        /// @param base the squared norms of W
        /// @param cross `A · Wᵀ [r, R]`, or for columns `Bᵀ · W [r, K]`
        static double[] squares(double[] base, float[] cross, LowRank sum, Magnitudes.Axis axis) {
            boolean isRows = axis == Magnitudes.Axis.ROWS;
            int rank = sum.rank();
            int size = base.length;
            Tensor inner = isRows ? sum.a().tensor() : sum.b().tensor();
            Tensor outer = isRows ? sum.b().tensor() : sum.a().tensor();
            double[] gram = gram(inner, rank, isRows);
            double s = sum.scale();
            double[] squares = new double[size];
            double[] own = new double[rank];
            for (int i = 0; i < size; i++) {
                double linear = 0;
                double square = 0;
                for (int j = 0; j < rank; j++) {
                    own[j] = outer.get(isRows ? (long) i * rank + j : (long) j * size + i);
                    linear += own[j] * cross[j * size + i];
                    for (int k = 0; k <= j; k++) {
                        square += (k < j ? 2 : 1) * own[j] * own[k] * gram[j * rank + k];
                    }
                }
                squares[i] = Math.max(0, base[i] + 2 * s * linear + s * s * square);
            }
            return squares;
        }

        /// `A · Aᵀ`, or `Bᵀ · B`; the lower triangle.
        private static double[] gram(Tensor factor, int rank, boolean isRows) {
            float[] values = factor.toArray();
            int size = values.length / rank;
            double[] gram = new double[rank * rank];
            for (int j = 0; j < rank; j++) {
                for (int k = 0; k <= j; k++) {
                    double sum = 0;
                    for (int i = 0; i < size; i++) {
                        sum += isRows ? (double) values[j * size + i] * values[k * size + i]
                                : (double) values[i * rank + j] * values[i * rank + k];
                    }
                    gram[j * rank + k] = sum;
                }
            }
            return gram;
        }
    }

    /// The column-wise arithmetic of `Magnitudes` on F32 matrices: each column has a factor.
    static final class MagnitudeProducts {
        private final Workspace workspace;

        MagnitudeProducts(Workspace workspace) {
            this.workspace = workspace;
        }

        /// Computes `y[n,c] *= g[from + c]`.
        void multiply(Tensor y, Tensor g, int from) {
            product(y, y, g, from);
        }

        /// Returns `x[n,c] · g[from + c]` in the workspace.
        Tensor product(Tensor x, Tensor g, int from) {
            Tensor y = workspace.allocate(x.rows(), x.cols());
            product(y, x, g, from);
            return y;
        }

        private static void product(Tensor y, Tensor x, Tensor g, int from) {
            Compute.require(from + x.cols() <= g.size(), "magnitudes", x, g);
            long factors = Memory.address(g.address() + 4L * from);
            long bytes = 4L * x.cols();
            for (int n = 0; n < x.rows(); n++) {
                long in = Memory.address(x.address() + n * bytes);
                long out = Memory.address(y.address() + n * bytes);
                for (long c = 0; c < bytes; c += 4) {
                    Memory.f32(out + c, Memory.f32(in + c) * Memory.f32(factors + c));
                }
            }
        }

        /// Computes `dm[from + c] += Σ_n dy[n,c] · y[n,c] · inverse[from + c]` for y before the magnitudes.
        void addGradient(Tensor dm, int from, Tensor dy, Tensor y, Tensor inverse) {
            int cols = dy.cols();
            double[] sums = new double[cols];
            for (int n = 0; n < dy.rows(); n++) {
                long at = 4L * n * cols;
                for (int c = 0; c < cols; c++) {
                    sums[c] += (double) Memory.f32(dy.address() + at + 4L * c) * Memory.f32(y.address() + at + 4L * c);
                }
            }
            for (int c = 0; c < cols; c++) {
                dm.set(from + c, (float) (dm.get(from + c) + sums[c] * inverse.get(from + c)));
            }
        }
    }
}
