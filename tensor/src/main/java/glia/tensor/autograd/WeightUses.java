package glia.tensor.autograd;

import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.LowRank;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Weight;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// The trainable weights of a recording, and how many operations are still to add to the gradient of each. A gradient
/// is complete when none is left: a weight may be used several times (tied embeddings, shared layers).
final class WeightUses implements Operation.Inputs {
    private final Gradients gradients;
    private final Predicate<Weight> trainable;
    /// In the order of first use.
    private final Map<Weight, Integer> counts = new LinkedHashMap<>();
    private final Set<Weight> ofSegment = new LinkedHashSet<>();
    private Consumer<Weight> action = w -> { };

    WeightUses(Gradients gradients, Predicate<Weight> trainable) {
        this.gradients = gradients;
        this.trainable = trainable;
    }

    /// Whether a weight, or any part of one with an adapter, is trainable.
    boolean isTrainable(Weight w) {
        return switch (w) {
            case Weight.Plain plain -> plain != Weight.ABSENT && trainable.test(plain);
            case LowRank adapted -> adapted.parts().stream().anyMatch(this::isTrainable);
        };
    }

    /// Counts an operation that has been recorded.
    void add(Operation operation) {
        each(operation, this::add);
    }

    private void add(Weight w) {
        counts.merge(w, 1, Integer::sum);
    }

    /// Notes an operation of a segment that the backward pass computes again.
    void addToSegment(Operation operation) {
        each(operation, ofSegment::add);
    }

    /// Counts the segment as one use of each of its weights.
    List<Weight> endSegment() {
        List<Weight> weights = new ArrayList<>(ofSegment);
        ofSegment.clear();
        weights.forEach(this::add);
        return weights;
    }

    /// Begins the backward pass.
    void begin(Kernels kernels) {
        gradients.begin(new ArrayList<>(counts.keySet()).reversed(), kernels);
    }

    /// An operation has run backward.
    void release(Operation operation) {
        each(operation, this::release);
    }

    /// A segment has run backward, or its operations have been recorded.
    void release(List<Weight> segment) {
        segment.forEach(this::release);
    }

    private void release(Weight w) {
        if (counts.merge(w, -1, Integer::sum) == 0) {
            gradients.complete(w);
        }
    }

    void clear() {
        counts.clear();
        ofSegment.clear();
    }

    private void each(Operation operation, Consumer<Weight> what) {
        action = what;
        operation.inputs(this);
    }

    @Override
    public void activations(Tensor... xs) { }

    @Override
    public void weights(Weight... ws) {
        for (Weight w : ws) {
            switch (w) {
                case Weight.Plain plain -> {
                    if (isTrainable(plain)) {
                        action.accept(plain);
                    }
                }
                case LowRank adapted -> adapted.parts().forEach(this::weights);
            }
        }
    }
}
