package glia.model.quant;

import glia.io.CheckpointException;
import java.util.Optional;

/// A way in which checkpoints hold quantized weights.
interface Packing {
    /// The name of the weight whose codes the tensor `name` holds, if it does hold codes.
    Optional<String> weight(String name, Parts parts) throws CheckpointException;

    /// The weight whose codes the tensor `name` holds.
    ///
    /// @throws CheckpointException if parts are missing or do not fit
    PackedTensor read(String name, Parts parts) throws CheckpointException;

    /// Whether a tensor says how activations were quantized, or caches, which Glia does not do.
    default boolean isOfActivations(String name) {
        return false;
    }
}
