package glia.reason.preference.run;

import glia.reason.preference.Scored;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.DoubleStream;

/// Figures of several micro-batches: rewards of all, and weighted means of the rest.
final class Figures {
    private final DoubleStream.Builder chosen = DoubleStream.builder();
    private final DoubleStream.Builder rejected = DoubleStream.builder();
    private final Map<String, double[]> sums = new LinkedHashMap<>();

    void add(Scored scored, double weight) {
        DoubleStream.of(scored.chosenRewards()).forEach(chosen);
        DoubleStream.of(scored.rejectedRewards()).forEach(rejected);
        scored.figures().forEach((name, value) -> {
            double[] sum = sums.computeIfAbsent(name, n -> new double[2]);
            sum[0] += weight * value;
            sum[1] += weight;
        });
    }

    /// @param arePairs whether the i-th chosen and rejected completions belong together
    Map<String, Double> all(boolean arePairs) {
        Map<String, Double> all = Scored.rewards(chosen.build().toArray(), rejected.build().toArray(), arePairs);
        sums.forEach((name, sum) -> all.put(name, sum[0] / sum[1]));
        return all;
    }
}
