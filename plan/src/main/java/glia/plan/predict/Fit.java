package glia.plan.predict;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.hipparchus.linear.Array2DRowRealMatrix;
import org.hipparchus.linear.ArrayRealVector;
import org.hipparchus.linear.DecompositionSolver;
import org.hipparchus.linear.QRDecomposition;
import org.hipparchus.linear.RealMatrix;
import org.hipparchus.linear.RealVector;

/// Fits effects to published figures: the logarithms of the ratios of prediction and figure become small, by least
/// squares with weights that outliers lose (Huber) and a penalty on effects (ridge), so that effects of few rows stay
/// near 1. Each source has the same weight for the square root of its rows.
///
/// Source: Iteratively reweighted least squares, Gauss–Newton; Huber, https://doi.org/10.1214/aoms/1177703732
public final class Fit {
    private static final int STEPS = 60;
    private static final double DELTA = 1e-4;
    private static final double HUBER = 0.15;
    private static final double MOST_STEP = 0.5;

    private Fit() { }

    /// A published figure, and its prediction from effects.
    public interface Case {
        /// The key of the publisher.
        String source();

        /// The figure.
        double published();

        /// The prediction.
        double predict(Effects effects);
    }

    /// Effects without any fit: all factors are 1.
    public static Effects none() {
        return new Effects(Map.of(), new LinkedHashSet<>());
    }

    /// Fits effects.
    ///
    /// @param known effects that stay as they are
    /// @param ridge the penalty on the square of an effect, in the weight of one row
    public static Map<String, Double> fit(List<? extends Case> cases, Map<String, Double> known, double ridge) {
        Set<String> names = new LinkedHashSet<>();
        Effects first = new Effects(Map.of(), names);
        cases.forEach(c -> c.predict(first));
        names.removeAll(known.keySet());
        List<String> order = new ArrayList<>(names);
        Map<String, Long> counts = new LinkedHashMap<>();
        cases.forEach(c -> counts.merge(c.source(), 1L, Long::sum));
        double[] logs = new double[order.size()];
        for (int step = 0; step < STEPS; step++) {
            double[] change = step(cases, order, known, logs, counts, ridge);
            double largest = 0;
            for (int i = 0; i < logs.length; i++) {
                logs[i] += Math.clamp(change[i], -MOST_STEP, MOST_STEP);
                largest = Math.max(largest, Math.abs(change[i]));
            }
            if (largest < DELTA) {
                break;
            }
        }
        return named(order, logs);
    }

    private static Map<String, Double> named(List<String> order, double[] logs) {
        Map<String, Double> named = new LinkedHashMap<>();
        for (int i = 0; i < logs.length; i++) {
            named.put(order.get(i), logs[i]);
        }
        return named;
    }

    private static Effects effects(List<String> order, Map<String, Double> known, double[] logs) {
        Map<String, Double> all = named(order, logs);
        all.putAll(known);
        return new Effects(all, new LinkedHashSet<>());
    }

    private static double[] step(List<? extends Case> cases, List<String> order, Map<String, Double> known,
            double[] logs, Map<String, Long> counts, double ridge) {
        int rows = cases.size();
        double[] residuals = residuals(cases, effects(order, known, logs));
        double[] weights = new double[rows];
        for (int r = 0; r < rows; r++) {
            double size = Math.abs(residuals[r]);
            weights[r] = (size <= HUBER ? 1 : HUBER / size) / Math.sqrt(counts.get(cases.get(r).source()));
        }
        RealMatrix normal = new Array2DRowRealMatrix(logs.length, logs.length);
        RealVector right = new ArrayRealVector(logs.length);
        double[][] slopes = new double[logs.length][];
        for (int i = 0; i < logs.length; i++) {
            double[] moved = logs.clone();
            moved[i] += DELTA;
            slopes[i] = residuals(cases, effects(order, known, moved));
            for (int r = 0; r < rows; r++) {
                slopes[i][r] = (slopes[i][r] - residuals[r]) / DELTA;
            }
        }
        for (int i = 0; i < logs.length; i++) {
            for (int j = 0; j <= i; j++) {
                double sum = i == j ? ridge : 0;
                for (int r = 0; r < rows; r++) {
                    sum += weights[r] * slopes[i][r] * slopes[j][r];
                }
                normal.setEntry(i, j, sum);
                normal.setEntry(j, i, sum);
            }
            double sum = -ridge * logs[i];
            for (int r = 0; r < rows; r++) {
                sum -= weights[r] * slopes[i][r] * residuals[r];
            }
            right.setEntry(i, sum);
        }
        DecompositionSolver solver = new QRDecomposition(normal).getSolver();
        return solver.solve(right).toArray();
    }

    private static double[] residuals(List<? extends Case> cases, Effects effects) {
        return cases.stream().mapToDouble(c -> Math.log(c.predict(effects) / c.published())).toArray();
    }
}
