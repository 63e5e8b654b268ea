package glia.train.optim;

import glia.engine.training.Shards;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

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
    /// @param own the elements that this rank updates
    private record Entry(String name, Weight.Stored weight, ParameterGroup group, Map<String, Tensor> state,
            Shards.Range own) {
        long size() {
            return weight.tensor().size();
        }
    }

    private final Kernels kernels;
    private final Arena arena = Arena.ofShared();
    private final List<Entry> entries = new ArrayList<>();
    private final Optional<Shards> shards;
    private long steps;

    /// @throws IllegalArgumentException if a weight occurs twice or is not F32
    public Optimizer(Kernels kernels, List<ParameterGroup> groups) {
        this(kernels, groups, Optional.empty());
    }

    /// An optimizer whose state is divided among ranks.
    ///
    /// @param shards the division; empty for one rank, or where each rank has all
    /// @throws IllegalArgumentException if a weight occurs twice or is not F32
    public Optimizer(Kernels kernels, List<ParameterGroup> groups, Optional<Shards> shards) {
        this.kernels = kernels;
        this.shards = shards;
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
                Shards.Range own = shards.map(s -> s.own(w)).orElse(new Shards.Range(0, w.tensor().size()));
                Map<String, Tensor> state = new LinkedHashMap<>();
                if (own.size() > 0) {
                    long[] part = own.size() == w.tensor().size() ? w.shape() : new long[] {own.size()};
                    group.rule().state(part).forEach((key, shape) ->
                            state.put(key, Tensor.allocate(arena, DType.F32, shape)));
                }
                entries.add(new Entry(name, w, group, state, own));
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
        return shards.isEmpty() ? GradientNorm.of(kernels, gradients(gradients)) : gradientNorm(shards.get());
    }

    /// Each rank adds up blocks of its elements; the sums of blocks are added in one order.
    private double gradientNorm(Shards among) {
        List<Double> parts = new ArrayList<>();
        for (Entry e : entries) {
            List<Long> blocks = among.blocks(e.weight);
            for (int i = 0; i < blocks.size(); i++) {
                long from = blocks.get(i);
                long to = i + 1 < blocks.size() ? blocks.get(i + 1) : e.size();
                boolean isOwn = from >= e.own.from() && to <= e.own.to();
                parts.add(isOwn ? kernels.gradients().sumOfSquares(among.gradient(e.weight).view(
                        Float.BYTES * (from - e.own.from()), DType.F32, to - from)) : 0);
            }
        }
        double[] sums = among.totals(parts.stream().mapToDouble(p -> p).toArray());
        return Math.sqrt(Arrays.stream(sums).reduce(0, Double::sum));
    }

    /// Updates all parameters that have a gradient.
    ///
    /// @param learningRate η, before the factors of the groups
    /// @param gradientScale factor of all gradients: that of clipping, and 1/n for n accumulated batches
    public void step(Gradients gradients, double learningRate, float gradientScale) {
        steps++;
        for (Entry e : entries) {
            Optional<Tensor> gradient = shards.isEmpty() ? gradients.find(e.weight)
                    : e.own.size() == 0 ? Optional.empty() : Optional.of(shards.get().gradient(e.weight));
            if (gradient.isEmpty() && shards.isEmpty()) {
                continue;
            }
            e.weight.update(w -> {
                gradient.ifPresent(g -> e.group.rule().apply(new ParameterUpdate(part(w, e.own), shaped(g, w), e.state,
                        steps, learningRate * e.group.rateFactor(), e.group.weightDecay(), gradientScale, kernels)));
                shards.ifPresent(s -> s.updated(e.weight, w.memory()));
            });
        }
    }

    private static Tensor part(Tensor whole, Shards.Range range) {
        return range.size() == whole.size() ? whole
                : whole.view(Float.BYTES * range.from(), DType.F32, range.size());
    }

    private static Tensor shaped(Tensor gradient, Tensor weight) {
        return gradient.size() == weight.size() ? gradient.reshape(weight.shape()) : gradient;
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

    /// The state of all ranks on the first one, as one rank has it: for a checkpoint. All ranks call it.
    ///
    /// @param to where tensors are made
    public Map<String, Tensor> wholeState(Arena to) {
        if (shards.isEmpty()) {
            return state();
        }
        Map<String, Tensor> all = new LinkedHashMap<>();
        for (Entry e : entries) {
            List<Shards.Range> ranges = shards.get().ranges(e.weight);
            e.group.rule().state(e.weight.shape()).forEach((key, shape) -> {
                Tensor whole = shards.get().rank() == 0 ? Tensor.allocate(to, DType.F32, shape)
                        : Tensor.allocate(to, DType.F32, 1);
                MemorySegment nothing = whole.memory().asSlice(0, 0);
                boolean isSent = e.state.containsKey(key) && ranges.get(shards.get().rank()).size() > 0;
                MemorySegment own = isSent ? e.state.get(key).memory() : nothing;
                List<MemorySegment> send = new ArrayList<>();
                List<MemorySegment> receive = new ArrayList<>();
                for (int p = 0; p < ranges.size(); p++) {
                    send.add(p == 0 ? own : nothing);
                    receive.add(shards.get().rank() > 0 || ranges.get(p).size() == 0 ? nothing
                            : ranges.get(p).size() == e.size() ? whole.memory() : ranges.get(p).of(whole.memory()));
                }
                shards.get().exchange(send, receive);
                if (shards.get().rank() == 0) {
                    shards.get().together(e.weight, whole);
                }
                all.put(e.name + "." + key, whole);
            });
        }
        return all;
    }

    /// Copies saved state tensors and the step count that belongs to them.
    ///
    /// @throws IllegalArgumentException if a tensor is missing, unknown or of another shape; then nothing has changed
    public void restore(Map<String, Tensor> saved, long steps) {
        Map<String, long[]> whole = new LinkedHashMap<>();
        entries.forEach(e -> e.group.rule().state(e.weight.shape()).forEach((key, shape) ->
                whole.put(e.name + "." + key, shape)));
        whole.forEach((name, shape) -> {
            Tensor from = saved.get(name);
            if (from == null || from.dtype() != DType.F32 || !from.is(shape)) {
                throw new IllegalArgumentException("optimizer state " + name + " is "
                        + (from == null ? "missing" : from) + ", expected F32" + Arrays.toString(shape));
            }
        });
        for (String name : saved.keySet()) {
            if (!whole.containsKey(name)) {
                throw new IllegalArgumentException("optimizer state " + name + " belongs to no parameter");
            }
        }
        entries.forEach(e -> e.state.forEach((key, t) -> {
            try (Arena copies = Arena.ofConfined()) {
                Tensor from = ordered(e, saved.get(e.name + "." + key), copies);
                t.copyFrom(from.size() == t.size() ? from : part(from, e.own));
            }
        }));
        this.steps = steps;
    }

    /// The values of a state in the order in which ranks have the elements of the weight.
    private Tensor ordered(Entry e, Tensor saved, Arena copies) {
        if (shards.isEmpty() || saved.size() != e.size()) {
            return saved;
        }
        Tensor copy = Tensor.allocate(copies, DType.F32, saved.shape());
        copy.copyFrom(saved);
        shards.get().apart(e.weight, copy);
        return copy;
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
