package glia.tensor.ops;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
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
}
