package glia.plan.predict;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Fits effects to published figures: the logarithms of the ratios of prediction and figure become small, by least
/// squares with weights that outliers lose (Huber) and a penalty on effects (ridge), so that effects of few rows stay
/// near 1. Each source has the same weight for the square root of its rows.
/// [GaussNewton] finds the minimum.
public final class Fit {
    private static final int STEPS = 60;
    private static final double CLOSE = 1e-6;
    private static final double HUBER = 0.15;

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
        double[] weights = cases.stream().mapToDouble(c -> 1 / Math.sqrt(counts.get(c.source()))).toArray();
        return named(order, new GaussNewton(HUBER, ridge, CLOSE, STEPS).minimize(logs -> residuals(cases,
                effects(order, known, logs)), weights, new double[order.size()]).point());
    }

    /// Fits some effects; all others are 1.
    ///
    /// @param names of the effects
    public static Map<String, Double> fitOnly(List<? extends Case> cases, List<String> names, double ridge) {
        Map<String, Double> known = new LinkedHashMap<>();
        Set<String> asked = new LinkedHashSet<>();
        cases.forEach(c -> c.predict(new Effects(Map.of(), asked)));
        asked.stream().filter(name -> !names.contains(name)).forEach(name -> known.put(name, 0.0));
        return fit(cases, known, ridge);
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

    private static double[] residuals(List<? extends Case> cases, Effects effects) {
        return cases.stream().mapToDouble(c -> Math.log(c.predict(effects) / c.published())).toArray();
    }
}
