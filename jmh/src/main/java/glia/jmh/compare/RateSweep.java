package glia.jmh.compare;

import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/// The choice of the learning rate: of three rates, the one with the lowest loss in short runs of the smallest size. A
/// model of D instead of d hidden dimensions gets d / D of it, as Adam's hidden matrices do in µP
/// (https://arxiv.org/abs/2203.03466).
final class RateSweep {
    static final List<Double> RATES = List.of(1e-3, 3e-3, 1e-2);

    private RateSweep() { }

    /// The best rate; empty if the result of one of them is missing. Runs whose loss was not finite are the worst.
    ///
    /// @param settings of the runs, without `rate`
    /// @throws IllegalStateException if the loss of no run is finite
    static OptionalDouble best(Results results, Map<String, Object> settings) {
        double best = Double.NaN;
        double lowest = Double.POSITIVE_INFINITY;
        for (double rate : RATES) {
            Map<String, Object> one = Task.settings("rate", rate);
            one.putAll(settings);
            var result = results.find(one);
            if (result.isEmpty()) {
                return OptionalDouble.empty();
            }
            double loss = Results.number(result.get(), "loss");
            if (loss < lowest) {
                lowest = loss;
                best = rate;
            }
        }
        if (Double.isNaN(best)) {
            throw new IllegalStateException("no rate of " + RATES + " gave a finite loss for " + settings);
        }
        return OptionalDouble.of(best);
    }
}
