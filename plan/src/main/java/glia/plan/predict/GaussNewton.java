package glia.plan.predict;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.hipparchus.exception.MathRuntimeException;
import org.hipparchus.linear.Array2DRowRealMatrix;
import org.hipparchus.linear.ArrayRealVector;
import org.hipparchus.linear.QRDecomposition;

/// Least squares that outliers hardly move: minimizes `Σ wᵢ·H(rᵢ(x)) + ridge/2·|x|²` with the Huber loss H by damped
/// Gauss–Newton steps, whose rows have the weights of the Huber loss.
///
/// Source: Huber, https://doi.org/10.1214/aoms/1177703732; Marquardt, https://doi.org/10.1137/0111030
///
/// @param huber residuals above this count linearly
/// @param ridge the penalty of the parameters
/// @param close the relative change of the objective at which the fit ends
/// @param steps the most steps
public record GaussNewton(double huber, double ridge, double close, int steps) {
    private static final double DELTA = 1e-4;
    private static final double FIRST_DAMPING = 1e-3;
    private static final double LEAST_DAMPING = 1e-12;
    private static final double MOST_DAMPING = 1e12;
    /// The damping of a parameter that no residual depends on, as a part of the largest.
    private static final double LEAST_SCALE = 1e-9;

    /// Residuals of the rows.
    @FunctionalInterface
    public interface Residuals {
        /// The residuals at a point.
        double[] at(double[] point);

        /// The derivatives by each parameter: `[parameter][row]`. By differences, unless a law has its own.
        ///
        /// @param here the residuals at the point
        default double[][] slopes(double[] point, double[] here) {
            double[][] slopes = new double[point.length][];
            for (int i = 0; i < point.length; i++) {
                double[] moved = point.clone();
                moved[i] += DELTA;
                slopes[i] = at(moved);
                for (int r = 0; r < here.length; r++) {
                    slopes[i][r] = (slopes[i][r] - here[r]) / DELTA;
                }
            }
            return slopes;
        }
    }

    /// A minimum.
    public record Minimum(double[] point, double objective) { }

    /// Finds a minimum.
    ///
    /// @param weights of the rows
    /// @param start where to begin
    public Minimum minimize(Residuals residuals, double[] weights, double[] start) {
        double[] point = start.clone();
        double[] here = residuals.at(point);
        double objective = objective(here, weights, point);
        double damping = FIRST_DAMPING;
        for (int step = 0; step < steps; step++) {
            double[][] slopes = residuals.slopes(point, here);
            boolean isClose = true;
            while (damping < MOST_DAMPING) {
                double[] next = step(here, slopes, weights, point, damping);
                double[] there = residuals.at(next);
                double reached = objective(there, weights, next);
                if (reached < objective) {
                    isClose = objective - reached < close * objective;
                    point = next;
                    here = there;
                    objective = reached;
                    damping = Math.max(damping / 5, LEAST_DAMPING);
                    break;
                }
                damping *= 4;
            }
            if (isClose) {
                break;
            }
        }
        return new Minimum(point, objective);
    }

    private double objective(double[] residuals, double[] weights, double[] point) {
        double sum = ridge / 2 * Arrays.stream(point).map(x -> x * x).sum();
        for (int r = 0; r < residuals.length; r++) {
            double size = Math.abs(residuals[r]);
            sum += weights[r] * (size <= huber ? size * size / 2 : huber * (size - huber / 2));
        }
        return Double.isNaN(sum) ? Double.POSITIVE_INFINITY : sum;
    }

    private double[] step(double[] residuals, double[][] slopes, double[] weights, double[] point, double damping) {
        int size = point.length;
        double[][] normal = new double[size][size];
        double[] right = new double[size];
        double[] scaled = new double[residuals.length];
        for (int i = 0; i < size; i++) {
            for (int r = 0; r < scaled.length; r++) {
                double far = Math.abs(residuals[r]);
                scaled[r] = slopes[i][r] * weights[r] * (far <= huber ? 1 : huber / far);
                right[i] -= scaled[r] * residuals[r];
            }
            right[i] -= ridge * point[i];
            for (int j = 0; j <= i; j++) {
                double sum = i == j ? ridge : 0;
                for (int r = 0; r < scaled.length; r++) {
                    sum += scaled[r] * slopes[j][r];
                }
                normal[i][j] = sum;
                normal[j][i] = sum;
            }
        }
        double largest = IntStream.range(0, size).mapToDouble(i -> normal[i][i]).max().orElse(0);
        for (int i = 0; i < size; i++) {
            normal[i][i] += damping * Math.max(normal[i][i], LEAST_SCALE * largest);
        }
        double[] next = point.clone();
        try {
            double[] change = new QRDecomposition(new Array2DRowRealMatrix(normal, false)).getSolver()
                    .solve(new ArrayRealVector(right, false)).toArray();
            for (int i = 0; i < size; i++) {
                next[i] += change[i];
            }
        } catch (MathRuntimeException singular) {
            // More damping makes the matrix regular.
            Arrays.fill(next, Double.NaN);
        }
        return next;
    }
}
