package glia.tensor.autograd;

import glia.tensor.Tensor;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import java.util.List;
import java.util.function.Consumer;

/// A step of the backward pass.
sealed interface Step {
    /// The height of the workspace before it.
    int mark();

    /// @param isPooled whether y is a matrix of the pool, which this step frees
    record Applied(Operation operation, Tensor y, int mark, boolean isPooled) implements Step { }

    record Watched(Tensor x, Consumer<Tensor> watcher, int mark) implements Step { }

    /// Computed without recording: the backward pass recomputes it.
    ///
    /// @param weights the trainable ones that it uses
    record Unrecorded(Ops.Segment body, Tensor[] inputs, Tensor[] outputs, List<Weight> weights, int mark)
            implements Step { }

    /// Activations that were moved out of the workspace. The steps from `first` to this one read them.
    record Archived(ActivationArchive.Saved saved, int first, int mark) implements Step { }
}
