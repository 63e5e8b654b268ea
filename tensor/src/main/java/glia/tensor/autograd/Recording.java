package glia.tensor.autograd;

import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Compute;
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
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// The tape of a `Recorder`: the recorded steps, the activations that need gradients, and those that must be kept.
final class Recording implements AutoCloseable {
    private final Compute ops;
    private final Kernels kernels;
    private final Gradients weights;
    private final WeightUses uses;
    private final ActivationGradients gradients;
    private final List<Step> steps = new ArrayList<>();
    /// Activations that the backward pass reads and that may not be overwritten.
    private final Set<Tensor> kept = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Tape tape = new OperationTape();
    private final NeedFinder wanted = new NeedFinder();
    private final Operation.Inputs keeping = new InputKeeper();
    /// In mixed precision, where activations are stored for the backward pass.
    private final Optional<ActivationArchive> archive;
    /// Activations in the pool instead of the workspace: the residual stream in mixed precision.
    private final Set<Tensor> pooled = Collections.newSetFromMap(new IdentityHashMap<>());
    /// Everything below this height of the workspace is kept until the backward pass.
    private int floor;
    /// Whether a segment is being computed without recording.
    private boolean isInSegment;
    /// Whether anything in that segment needs a gradient.
    private boolean segmentNeedsGradient;

    /// @param storesBf16 whether activations are rounded to BF16 and stored as such
    Recording(Compute ops, Gradients weights, Predicate<Weight> trainable, boolean storesBf16, TensorPool pool) {
        gradients = new ActivationGradients(pool, ops.kernels());
        this.ops = ops;
        this.kernels = ops.kernels();
        this.weights = weights;
        uses = new WeightUses(weights, trainable);
        archive = storesBf16 ? Optional.of(new ActivationArchive(ops.workspace(), kernels.workers(), gradients))
                : Optional.empty();
    }

    // ---- forward -------------------------------------------------------------------------------------------------

    Tensor apply(Operation operation) {
        boolean needsGradient = wanted.by(operation);
        boolean isRecorded = needsGradient && !isInSegment;
        segmentNeedsGradient |= needsGradient;
        Operation own = isRecorded ? operation.owned() : operation;
        int mark = ops.mark();
        weights.gatherFor(own);
        Tensor y = own.forward(ops);
        if (wanted.isInput(own, y)) {
            return y;
        }
        if (archive.isPresent() && own.roundsToBf16()) {
            kernels.gradients().roundToBf16(y);
        }
        kept.remove(y);
        gradients.need(y, needsGradient);
        if (needsGradient && isInSegment) {
            uses.addToSegment(own);
        }
        if (isRecorded) {
            uses.add(own);
            own.inputs(keeping);
            steps.add(new Step.Applied(own, y, mark, pooled.contains(y)));
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
            steps.add(new Step.Unrecorded(body, inputs.clone(), outputs, uses.endSegment(), mark));
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
            if (archive.isPresent()) {
                moved[i] = copies[i];
                pooled.add(moved[i]);
            } else {
                moved[i] = ops.allocate(copies[i].rows(), copies[i].cols());
                moved[i].copyFrom(copies[i]);
                gradients.pool().release(copies[i]);
            }
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
        if (archive.isEmpty() || isInSegment || ops.mark() <= mark || !save(archive.get(), mark)) {
            ops.release(Math.max(mark, floor));
        }
    }

    /// Moves what the backward pass reads out of the workspace from a mark on.
    ///
    /// @return whether anything has been recorded since
    private boolean save(ActivationArchive to, int mark) {
        int first = steps.size();
        boolean isRecorded = false;
        while (first > 0 && steps.get(first - 1).mark() >= mark) {
            Step step = steps.get(first - 1);
            if (step instanceof Step.Archived earlier && earlier.mark() == mark) {
                break;
            }
            isRecorded = true;
            switch (step) {
                case Step.Applied applied -> to.add(applied.operation(), applied.y());
                case Step.Unrecorded segment -> to.keep(segment.inputs());
                case Step.Watched watched -> to.keep(watched.x());
                case Step.Archived inner -> first = inner.first() + 1;
            }
            first--;
        }
        if (isRecorded) {
            steps.add(new Step.Archived(to.save(mark), first, mark));
            floor = mark;
            ops.release(mark);
        }
        return isRecorded;
    }

    /// In mixed precision the residual stream lies in the pool, so that the workspace of a sublayer can be reused.
    boolean poolsResiduals() {
        return archive.isPresent() && !isInSegment;
    }

    /// Computes `a + scale · b` in a matrix of the pool.
    Tensor pooledSum(Tensor a, Tensor b, float scale) {
        Tensor y = gradients.pool().allocate(a.rows(), a.cols());
        pooled.add(y);
        return apply(new Pooled.Sum(y, a, b, scale));
    }

    /// Copies an activation to a matrix of the pool, unless it is one.
    Tensor pooledCopy(Tensor x) {
        if (pooled.contains(x)) {
            return x;
        }
        Tensor y = gradients.pool().allocate(x.rows(), x.cols());
        pooled.add(y);
        return apply(new Pooled.Copy(y, x));
    }

    /// Whether an activation may be overwritten: the backward pass neither reads it nor passes a gradient through it.
    boolean mayOverwrite(Tensor x) {
        return !gradients.needs(x) && !kept.contains(x);
    }

    ActivationGradients gradients() {
        return gradients;
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
                any = any || uses.isTrainable(w);
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
        uses.begin(kernels);
        backTo(0);
    }

    private void backTo(int numSteps) {
        while (steps.size() > numSteps) {
            Step step = steps.removeLast();
            switch (step) {
                case Step.Applied applied -> back(applied);
                case Step.Archived archived -> {
                    ops.release(archived.mark());
                    archive.orElseThrow().restore(archived.saved());
                    continue;
                }
                case Step.Watched watched -> {
                    if (gradients.has(watched.x())) {
                        watched.watcher().accept(gradients.of(watched.x()));
                    }
                }
                case Step.Unrecorded segment -> back(segment);
            }
            // This was the last read of everything computed from here on.
            ops.release(step.mark());
        }
    }

    private void back(Step.Applied step) {
        if (gradients.has(step.y())) {
            weights.gatherFor(step.operation());
            step.operation().backward(tape, step.y());
            gradients.drop(step.y());
        }
        uses.release(step.operation());
        if (step.isPooled()) {
            free(step.y());
        }
    }

    private void free(Tensor x) {
        pooled.remove(x);
        gradients.pool().release(x);
    }

    /// Recomputes a segment with recording, and runs its backward pass.
    private void back(Step.Unrecorded segment) {
        if (Arrays.stream(segment.outputs()).anyMatch(gradients::has)) {
            floor = ops.mark();
            int numSteps = steps.size();
            Tensor[] results = segment.body().run(segment.inputs());
            for (int i = 0; i < results.length; i++) {
                gradients.move(segment.outputs()[i], results[i]);
            }
            uses.release(segment.weights());
            backTo(numSteps);
        } else {
            uses.release(segment.weights());
        }
        Arrays.stream(segment.outputs()).filter(pooled::contains).forEach(this::free);
    }

    void clear() {
        steps.clear();
        uses.clear();
        kept.clear();
        pooled.clear();
        gradients.clear();
        isInSegment = false;
        floor = 0;
        ops.release(0);
        ops.workspace().consolidate();
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
            return uses.isTrainable(weight);
        }

        @Override
        public Tensor gradient(Tensor activation) {
            return gradients.needs(activation) ? gradients.of(activation)
                    : scratch(activation.rows(), activation.cols());
        }

        @Override
        public Tensor gradient(Weight weight) {
            return uses.isTrainable(weight) ? weights.toAdd(weight)
                    : scratch(weight.rows(), weight.cols()).reshape(weight.shape());
        }

        @Override
        public void add(Tensor activation, Tensor d, float scale) {
            if (gradients.needs(activation)) {
                gradients.add(activation, d, scale);
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
