package glia.lab.eval;

import glia.lab.eval.Statistics.Interval;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The result of a task.
///
/// @param task its name
/// @param kind of its items
/// @param main the name of the main figure
/// @param metrics all figures by name
/// @param items the result of each item
/// @param numTruncated items whose context lost its beginning, since it was longer than the model's context
public record EvalResult(String task, EvalTask.Kind kind, String main, Map<String, Metric> metrics, List<Item> items,
        int numTruncated) {
    public EvalResult {
        metrics = new LinkedHashMap<>(metrics);
        items = List.copyOf(items);
    }

    /// A figure with its interval of 95 % confidence.
    public record Metric(double value, Interval interval) { }

    /// The result of an item. The main figure is the sum of the values over the sum of the weights.
    ///
    /// @param value 1 for a right answer and 0 for a wrong one; bits of a text
    /// @param weight 1 for an answer; bytes of a text
    /// @param details what the model answered or how likely it found what, in JSON values
    public record Item(String id, double value, double weight, Map<String, Object> details) { }

    /// The main figure.
    public Metric mainMetric() {
        return metrics.get(main);
    }

    /// A comparison of two models on the same items.
    ///
    /// @param difference the main figure of the first model minus that of the second
    /// @param interval of the difference, by paired bootstrap
    /// @param onlyFirst items that only the first model gets right; 0 for texts
    /// @param onlySecond items that only the second model gets right; 0 for texts
    /// @param mcNemar the p-value of McNemar's exact test; not a number for texts
    public record Comparison(double difference, Interval interval, long onlyFirst, long onlySecond, double mcNemar) { }

    /// Compares this result with that of another model.
    ///
    /// @throws IllegalArgumentException if the items differ
    public Comparison against(EvalResult other, long seed) {
        if (!items.stream().map(Item::id).toList().equals(other.items.stream().map(Item::id).toList())) {
            throw new IllegalArgumentException("the results are of different items");
        }
        double[] values = values(items);
        double[] otherValues = values(other.items);
        double[] weights = items.stream().mapToDouble(Item::weight).toArray();
        double difference = mainMetric().value() - other.mainMetric().value();
        Interval interval = Statistics.pairedBootstrap(values, otherValues, weights, seed);
        if (kind == EvalTask.Kind.TEXT) {
            return new Comparison(difference, interval, 0, 0, Double.NaN);
        }
        long onlyFirst = 0;
        long onlySecond = 0;
        for (int i = 0; i < values.length; i++) {
            onlyFirst += values[i] > otherValues[i] ? 1 : 0;
            onlySecond += values[i] < otherValues[i] ? 1 : 0;
        }
        return new Comparison(difference, interval, onlyFirst, onlySecond, Statistics.mcNemar(onlyFirst, onlySecond));
    }

    private static double[] values(List<Item> items) {
        return items.stream().mapToDouble(Item::value).toArray();
    }
}
