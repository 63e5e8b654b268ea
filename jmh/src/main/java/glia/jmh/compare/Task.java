package glia.jmh.compare;

import glia.model.spec.ModelSpec;
import glia.train.data.Batches;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Supplier;

/// A run of an experiment: a model is trained and measured.
///
/// @param settings by which the result is found again, JSON values
/// @param rate the peak learning rate; empty if the runs that choose it are not all there
/// @param seed of the initial weights
record Task(Map<String, Object> settings, ModelSpec spec, Batches batches, int steps, Supplier<OptionalDouble> rate,
        long seed, Measurement measurement) {
    /// What is measured of a trained model.
    @FunctionalInterface
    interface Measurement {
        /// @param losses the training loss of each step
        /// @return JSON values
        Map<String, Object> of(SmallModel model, double[] losses);
    }

    /// Settings in their order.
    ///
    /// @param pairs keys and values by turns
    static Map<String, Object> settings(Object... pairs) {
        Map<String, Object> settings = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            settings.put((String) pairs[i], pairs[i + 1]);
        }
        return settings;
    }
}
