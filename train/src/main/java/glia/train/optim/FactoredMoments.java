package glia.train.optim;

import glia.tensor.Memory;
import java.util.Map;

/// Second moments of a matrix, kept as the means of its rows and of its columns; those of a vector are kept whole.
/// Tensors of more than two dimensions count as matrices of their last dimension.
final class FactoredMoments {
    /// A use of one element's update `g/√v`.
    interface Use {
        void of(long offset, double update);
    }

    private final int rows;
    private final int cols;
    private final long gradient;
    private final float scale;
    private final double smallest;
    private final double[] row;
    private final double[] col;
    private final long whole;

    private FactoredMoments(ParameterUpdate u, double smallest, String rowName, String colName, String wholeName) {
        boolean factored = u.weight().rank() >= 2;
        rows = factored ? u.weight().rows() : 1;
        cols = factored ? u.weight().cols() : (int) u.weight().size();
        gradient = u.gradientAddress();
        scale = u.gradientScale();
        this.smallest = smallest;
        row = factored ? new double[rows] : null;
        col = factored ? new double[cols] : null;
        whole = factored ? 0 : u.address(wholeName);
    }

    static void shapes(Map<String, long[]> state, long[] shape, String row, String col, String whole) {
        if (shape.length < 2) {
            state.put(whole, shape);
            return;
        }
        long cols = shape[shape.length - 1];
        long size = 1;
        for (int i = 0; i < shape.length - 1; i++) {
            size *= shape[i];
        }
        state.put(row, new long[] {size});
        state.put(col, new long[] {cols});
    }

    /// Adds this step's gradient: `moment ← β·moment + (1-β)·mean(g² + tiny)`.
    ///
    /// @param smallest the least variance that updates are divided by
    /// @param smallestMean the least mean of all rows that their means are divided by
    static FactoredMoments update(ParameterUpdate u, double beta, double tiny, double smallest, double smallestMean,
            String rowName, String colName, String wholeName) {
        FactoredMoments f = new FactoredMoments(u, smallest, rowName, colName, wholeName);
        if (f.row == null) {
            for (int i = 0; i < f.cols; i++) {
                double g = f.gradient(4L * i);
                long a = f.whole + 4L * i;
                Memory.f32(a, (float) (beta * Memory.f32(a) + (1 - beta) * (g * g + tiny)));
            }
            return f;
        }
        for (int r = 0; r < f.rows; r++) {
            for (int c = 0; c < f.cols; c++) {
                double g = f.gradient(4 * ((long) r * f.cols + c));
                double square = g * g + tiny;
                f.row[r] += square;
                f.col[c] += square;
            }
        }
        mix(f.row, u.address(rowName), f.cols, beta);
        mix(f.col, u.address(colName), f.rows, beta);
        double mean = 0;
        for (double x : f.row) {
            mean += x / f.rows;
        }
        mean = Math.max(mean, smallestMean);
        for (int r = 0; r < f.rows; r++) {
            f.row[r] = mean == 0 ? 0 : f.row[r] / mean;
        }
        return f;
    }

    private static void mix(double[] sums, long address, int count, double beta) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] = beta * Memory.f32(address + 4L * i) + (1 - beta) * sums[i] / count;
            Memory.f32(address + 4L * i, (float) sums[i]);
        }
    }

    private double gradient(long offset) {
        return scale * Memory.f32(gradient + offset);
    }

    /// Hands each element's update to `use`, in order.
    void each(Use use) {
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) {
                long offset = 4 * ((long) r * cols + c);
                double variance = row == null ? Memory.f32(whole + offset) : row[r] * col[c];
                double g = gradient(offset);
                use.of(offset, g == 0 ? 0 : g / Math.sqrt(Math.max(variance, smallest)));
            }
        }
    }

    double rootMeanSquareOfUpdate() {
        double[] sum = {0};
        each((offset, update) -> sum[0] += update * update);
        return Math.sqrt(sum[0] / Math.max(1, (double) rows * cols));
    }
}
