package glia.train.optim;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Updates the parameters of a model from their gradients.
///
/// ```java
/// try (var optimizer = new Optimizer(kernels, List.of(new ParameterGroup(weights, new AdamW(), 0.1, 1)))) {
///     double loss = training.loss(batch);
///     double norm = optimizer.gradientNorm(training.weightGradients());
///     optimizer.step(training.weightGradients(), 1e-3, GradientNorm.clipFactor(norm, 1));
/// }
/// ```
/// Its state is named tensors and a step count, so that a run can be resumed with the same bits. Belongs to one thread.
public final class Optimizer implements AutoCloseable {
    private record Entry(String name, Weight.Stored weight, ParameterGroup group, Map<String, Tensor> state) { }

    private final Kernels kernels;
    private final Arena arena = Arena.ofShared();
    private final List<Entry> entries = new ArrayList<>();
    private long steps;

    /// @throws IllegalArgumentException if a weight occurs twice or is not F32
    public Optimizer(Kernels kernels, List<ParameterGroup> groups) {
        this.kernels = kernels;
        Map<Weight, String> seen = new IdentityHashMap<>();
        Map<String, Weight> names = new LinkedHashMap<>();
        for (ParameterGroup group : groups) {
            group.weights().forEach((name, w) -> {
                if (seen.put(w, name) != null || names.put(name, w) != null) {
                    throw new IllegalArgumentException("parameter " + name + " is in more than one group");
                }
                if (w.tensor().dtype() != DType.F32) {
                    throw new IllegalArgumentException("parameter " + name + " is stored as " + w.tensor().dtype()
                            + ", expected F32; load the model with copies of the weights to be trained");
                }
                Map<String, Tensor> state = new LinkedHashMap<>();
                group.rule().state(w.shape()).forEach((part, shape) ->
                        state.put(part, Tensor.allocate(arena, DType.F32, shape)));
                entries.add(new Entry(name, w, group, state));
            });
        }
    }

    /// Updates so far.
    public long steps() {
        return steps;
    }

    /// The gradients of this optimizer's parameters.
    public List<Tensor> gradients(Gradients gradients) {
        return entries.stream().map(e -> gradients.find(e.weight)).flatMap(g -> g.stream()).toList();
    }

    /// The norm of the gradients of this optimizer's parameters together.
    public double gradientNorm(Gradients gradients) {
        return GradientNorm.of(kernels, gradients(gradients));
    }

    /// Updates all parameters that have a gradient.
    ///
    /// @param learningRate η, before the factors of the groups
    /// @param gradientScale factor of all gradients: that of clipping, and 1/n for n accumulated batches
    public void step(Gradients gradients, double learningRate, float gradientScale) {
        steps++;
        for (Entry e : entries) {
            gradients.find(e.weight).ifPresent(g -> e.weight.update(w -> e.group.rule().apply(
                    new ParameterUpdate(w, g, e.state, steps, learningRate * e.group.rateFactor(),
                            e.group.weightDecay(), gradientScale, kernels))));
        }
    }

    /// Counts a step without an update.
    public void skip() {
        steps++;
    }

    /// The state tensors by `parameter.part`, such as `model.norm.weight.exp_avg`.
    public Map<String, Tensor> state() {
        Map<String, Tensor> all = new LinkedHashMap<>();
        entries.forEach(e -> e.state.forEach((part, t) -> all.put(e.name + "." + part, t)));
        return Collections.unmodifiableMap(all);
    }

    /// Copies saved state tensors and the step count that belongs to them.
    ///
    /// @throws IllegalArgumentException if a tensor is missing, unknown or of another shape; then nothing has changed
    public void restore(Map<String, Tensor> saved, long steps) {
        Map<String, Tensor> own = state();
        own.forEach((name, t) -> {
            Tensor from = saved.get(name);
            if (from == null || from.dtype() != DType.F32 || !from.is(t.shape())) {
                throw new IllegalArgumentException("optimizer state " + name + " is "
                        + (from == null ? "missing" : from) + ", expected " + t);
            }
        });
        for (String name : saved.keySet()) {
            if (!own.containsKey(name)) {
                throw new IllegalArgumentException("optimizer state " + name + " belongs to no parameter");
            }
        }
        own.forEach((name, t) -> t.copyFrom(saved.get(name)));
        this.steps = steps;
    }

    /// Bytes of all state tensors.
    public long sizeBytes() {
        return state().values().stream().mapToLong(Tensor::sizeBytes).sum();
    }

    @Override
    public void close() {
        arena.close();
    }
}
