package glia.tensor.ops;

import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.format.MatrixReader;
import java.lang.foreign.Arena;

/// Squared norms of the rows or columns of weights, in F64.
final class AdapterNorms {
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

    /// The squared norms of `V = W + s · B · A` without V: for rows `‖V[i]‖² = ‖W[i]‖² + 2s · B[i] · (A · W[i]) + s² ·
    /// B[i] · (A · Aᵀ) · B[i]`, for columns with the roles of A and B exchanged.
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
