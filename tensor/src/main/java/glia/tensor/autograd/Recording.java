package glia.tensor.autograd;

import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Compute;
import glia.tensor.ops.LowRank;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;
import glia.tensor.ops.WeightProducts;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// The tape of a `Recorder`: the recorded steps, the activations that need gradients, and those that must be kept.
final class Recording implements AutoCloseable {
    /// A step of the backward pass.
    private sealed interface Step {
        /// The height of the workspace before it.
        int mark();

        record Applied(Operation operation, Tensor y, int mark) implements Step { }

        record Watched(Tensor x, Consumer<Tensor> watcher, int mark) implements Step { }

        /// Computed without recording: the backward pass recomputes it.
        record Unrecorded(Ops.Segment body, Tensor[] inputs, Tensor[] outputs, int mark) implements Step { }
    }

    private final Compute ops;
    private final Kernels kernels;
    private final Gradients weights;
    private final Predicate<Weight> trainable;
    private final ActivationGradients gradients = new ActivationGradients();
    private final List<Step> steps = new ArrayList<>();
    /// Activations that the backward pass reads and that may not be overwritten.
    private final Set<Tensor> kept = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Tape tape = new OperationTape();
    private final NeedFinder wanted = new NeedFinder();
    private final Operation.Inputs keeping = new InputKeeper();
    /// Everything below this height of the workspace is kept until the backward pass.
    private int floor;
    /// Whether a segment is being computed without recording.
    private boolean isInSegment;
    /// Whether anything in that segment needs a gradient.
    private boolean segmentNeedsGradient;

    Recording(Compute ops, Gradients weights, Predicate<Weight> trainable) {
        this.ops = ops;
        this.kernels = ops.kernels();
        this.weights = weights;
        this.trainable = trainable;
    }

    // ---- forward -------------------------------------------------------------------------------------------------

    Tensor apply(Operation operation) {
        boolean needsGradient = wanted.by(operation);
        boolean isRecorded = needsGradient && !isInSegment;
        segmentNeedsGradient |= needsGradient;
        Operation own = isRecorded ? operation.owned() : operation;
        int mark = ops.mark();
        Tensor y = own.forward(ops);
        if (wanted.isInput(own, y)) {
            return y;
        }
        kept.remove(y);
        gradients.need(y, needsGradient);
        if (isRecorded) {
            own.inputs(keeping);
            steps.add(new Step.Applied(own, y, mark));
            keepAll();
        }
        return y;
    }

    /// Computes a segment of which only inputs and outputs are kept.
    Tensor[] segment(Ops.Segment body, Tensor[] inputs) {
        if (isInSegment) {
            return body.run(inputs);
        }
        List<Tensor> borrowed = Arrays.stream(inputs).filter(kept::add).toList();
        int mark = ops.mark();
        isInSegment = true;
        segmentNeedsGradient = false;
        Tensor[] results;
        try {
            results = body.run(inputs);
        } finally {
            isInSegment = false;
        }
        Tensor[] outputs = moveDown(results, mark);
        if (segmentNeedsGradient) {
            steps.add(new Step.Unrecorded(body, inputs.clone(), outputs, mark));
            keepAll();
        } else {
            borrowed.forEach(kept::remove);
            floor = Math.min(floor, mark);
        }
        return outputs;
    }

    /// Releases the workspace down to the mark, except these tensors, which are moved down.
    private Tensor[] moveDown(Tensor[] results, int mark) {
        Tensor[] copies = new Tensor[results.length];
        boolean[] needsGradient = new boolean[results.length];
        for (int i = 0; i < results.length; i++) {
            copies[i] = gradients.pool().allocate(results[i].rows(), results[i].cols());
            copies[i].copyFrom(results[i]);
            needsGradient[i] = gradients.needs(results[i]);
        }
        ops.release(mark);
        Tensor[] moved = new Tensor[results.length];
        for (int i = 0; i < results.length; i++) {
            moved[i] = ops.allocate(copies[i].rows(), copies[i].cols());
            moved[i].copyFrom(copies[i]);
            gradients.pool().release(copies[i]);
            kept.remove(moved[i]);
            gradients.need(moved[i], needsGradient[i]);
        }
        return moved;
    }

    void watch(Tensor x, Consumer<Tensor> watcher) {
        gradients.need(x, true);
        segmentNeedsGradient = true;
        if (!isInSegment) {
            kept.add(x);
            steps.add(new Step.Watched(x, watcher, ops.mark()));
            keepAll();
        }
    }

    /// Seeds the backward pass at a loss of one value.
    void seed(Tensor loss) {
        if (gradients.needs(loss) && !isInSegment) {
            gradients.of(loss).set(0, 1);
        }
    }

    /// Keeps everything in the workspace until the backward pass, or until the end of the segment.
    void keepAll() {
        floor = ops.mark();
    }

    void release(int mark) {
        ops.release(Math.max(mark, floor));
    }

    /// Whether an activation may be overwritten: the backward pass neither reads it nor passes a gradient through it.
    boolean mayOverwrite(Tensor x) {
        return !gradients.needs(x) && !kept.contains(x);
    }

    ActivationGradients gradients() {
        return gradients;
    }

    /// Whether a weight, or any part of one with an adapter, is trainable.
    private boolean isTrainable(Weight w) {
        return switch (w) {
            case Weight.Plain plain -> plain != Weight.ABSENT && trainable.test(plain);
            case LowRank adapted -> trainable.test(adapted.a()) || trainable.test(adapted.b())
                    || adapted.bias().isPresent() && trainable.test(adapted.bias().get())
                    || adapted.magnitudes().isPresent() && trainable.test(adapted.magnitudes().get().vector())
                    || isTrainable(adapted.base());
        };
    }

    /// Determines whether any input needs a gradient.
    private final class NeedFinder implements Operation.Inputs {
        private boolean any;
        private Tensor result;
        private boolean isInput;

        boolean by(Operation operation) {
            any = false;
            operation.inputs(this);
            return any;
        }

        /// Whether the result of an operation is one of its inputs, so that there is nothing to record.
        boolean isInput(Operation operation, Tensor y) {
            isInput = false;
            result = y;
            operation.inputs(this);
            return isInput;
        }

        @Override
        public void activations(Tensor... xs) {
            for (Tensor x : xs) {
                any |= gradients.needs(x);
                isInput |= x == result;
            }
        }

        @Override
        public void weights(Weight... ws) {
            for (Weight w : ws) {
                any = any || isTrainable(w);
            }
        }
    }

    /// Records the activations to keep.
    private final class InputKeeper implements Operation.Inputs {
        @Override
        public void activations(Tensor... xs) {
            kept.addAll(Arrays.asList(xs));
        }

        @Override
        public void weights(Weight... ws) { }
    }

    // ---- backward ------------------------------------------------------------------------------------------------

    /// Runs all steps in reverse.
    void backward() {
        backTo(0);
    }

    private void backTo(int numSteps) {
        while (steps.size() > numSteps) {
            Step step = steps.removeLast();
            switch (step) {
                case Step.Applied applied when gradients.has(applied.y) -> {
                    applied.operation.backward(tape, applied.y);
                    gradients.drop(applied.y);
                }
                case Step.Applied unused -> { }
                case Step.Watched watched -> {
                    if (gradients.has(watched.x)) {
                        watched.watcher.accept(gradients.of(watched.x));
                    }
                }
                case Step.Unrecorded segment -> back(segment);
            }
            // This was the last read of everything computed from here on.
            ops.release(step.mark());
        }
    }

    /// Recomputes a segment with recording, and runs its backward pass.
    private void back(Step.Unrecorded segment) {
        if (Arrays.stream(segment.outputs).noneMatch(gradients::has)) {
            return;
        }
        floor = ops.mark();
        int numSteps = steps.size();
        Tensor[] results = segment.body.run(segment.inputs);
        for (int i = 0; i < results.length; i++) {
            gradients.move(segment.outputs[i], results[i], kernels);
        }
        backTo(numSteps);
    }

    void clear() {
        steps.clear();
        kept.clear();
        gradients.clear();
        isInSegment = false;
        floor = 0;
        ops.release(0);
    }

    @Override
    public void close() {
        gradients.close();
    }

    /// The tape as operations see it.
    private final class OperationTape implements Tape {
        @Override
        public boolean needs(Tensor activation) {
            return gradients.needs(activation);
        }

        @Override
        public boolean needs(Weight weight) {
            return isTrainable(weight);
        }

        @Override
        public Tensor gradient(Tensor activation) {
            return gradients.needs(activation) ? gradients.of(activation)
                    : scratch(activation.rows(), activation.cols());
        }

        @Override
        public Tensor gradient(Weight weight) {
            return isTrainable(weight) ? weights.of(weight)
                    : scratch(weight.rows(), weight.cols()).reshape(weight.shape());
        }

        @Override
        public void add(Tensor activation, Tensor d, float scale) {
            if (gradients.needs(activation)) {
                gradients.add(activation, d, scale, kernels);
            }
        }

        @Override
        public Tensor scratch(int rows, int cols) {
            return ops.allocate(rows, cols);
        }

        @Override
        public WeightProducts products() {
            return ops.products();
        }

        @Override
        public Kernels kernels() {
            return kernels;
        }
    }
}
