package glia.train.optim;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// An exponential moving average (EMA) of weights, `a ← d · a + (1 - d) · w` after each update
/// (https://arxiv.org/abs/1806.05594), which often generalizes better than the last weights.
///
/// ```java
/// try (var average = new WeightAverage(kernels, groups, 0.999)) {
///     trainer.keep(average.state()).after(average::updated);
///     trainer.run();
///     average.exchange();
/// }
/// ```
/// Belongs to the thread of the run.
public final class WeightAverage implements AutoCloseable {
    private record Entry(String name, Weight.Stored weight, Tensor average) { }

    private final Kernels kernels;
    private final Arena arena = Arena.ofShared();
    private final List<Entry> entries = new ArrayList<>();
    private final float decay;
    private boolean isExchanged;

    /// Starts at the weights as they are.
    ///
    /// @param groups the parameters, F32
    /// @param decay d, at least 0 and below 1
    public WeightAverage(Kernels kernels, List<ParameterGroup> groups, double decay) {
        Checks.beta("decay of the average", decay);
        this.kernels = kernels;
        this.decay = (float) decay;
        for (ParameterGroup group : groups) {
            group.weights().forEach((name, w) -> {
                Tensor average = Tensor.allocate(arena, DType.F32, w.shape());
                average.copyFrom(w.tensor());
                entries.add(new Entry(name, w, average));
            });
        }
    }

    /// Adds the weights to the averages.
    ///
    /// @param step updates so far
    /// @throws IllegalStateException if weights and averages are exchanged
    public void updated(long step) {
        if (isExchanged) {
            throw new IllegalStateException("the model has the averages as its weights; exchange them back first");
        }
        for (Entry e : entries) {
            kernels.scale(e.average, e.average, decay);
            kernels.add(e.average, e.average, e.weight.tensor(), 1 - decay);
        }
    }

    /// Exchanges the weights of the model and the averages, for evaluation or saving; a second call restores them bit
    /// by bit.
    public void exchange() {
        isExchanged = !isExchanged;
        for (Entry e : entries) {
            try (Arena temporary = Arena.ofConfined()) {
                Tensor weight = Tensor.allocate(temporary, DType.F32, e.average.shape());
                weight.copyFrom(e.weight.tensor());
                e.weight.update(w -> w.copyFrom(e.average));
                e.average.copyFrom(weight);
            }
        }
    }

    /// The averages by the names of their parameters, for a checkpoint.
    public Map<String, Tensor> state() {
        Map<String, Tensor> all = new LinkedHashMap<>();
        entries.forEach(e -> all.put("average." + e.name, e.average));
        return Collections.unmodifiableMap(all);
    }

    /// Bytes of the averages.
    public long sizeBytes() {
        return entries.stream().mapToLong(e -> e.average.sizeBytes()).sum();
    }

    /// Frees the averages.
    @Override
    public void close() {
        arena.close();
    }
}
