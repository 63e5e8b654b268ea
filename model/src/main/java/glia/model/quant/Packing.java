package glia.model.quant;

import glia.io.CheckpointException;
import java.util.Optional;

/// A checkpoint layout of quantized weights.
interface Packing {
    /// The name of the weight whose codes the tensor `name` holds; empty if it holds none.
    Optional<String> weight(String name, Parts parts) throws CheckpointException;

    /// The weight whose codes the tensor `name` holds.
    ///
    /// @throws CheckpointException if parts are missing or do not fit
    PackedTensor read(String name, Parts parts) throws CheckpointException;

    /// Whether a tensor holds scales of activations or of a KV cache, which are not used.
    default boolean isOfActivations(String name) {
        return false;
    }
}
