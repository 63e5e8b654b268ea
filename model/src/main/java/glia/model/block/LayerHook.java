package glia.model.block;

import glia.tensor.Tensor;

/// Reads or changes activations between the sublayers of a pass, in place: the logit lens, activation patching and
/// control vectors. For passes that are not recorded. It may compute with the ops of the pass, and releases what it
/// takes of their workspace.
public interface LayerHook {
    /// The index of the embeddings, before the first sublayer.
    int EMBEDDINGS = -1;

    /// @param sublayer its index in `ModelSpec.sublayers()`
    /// @param update the output of the sublayer, `after(mixer(before(x)))`, `[N, D]`, before it joins the stream
    default void update(int sublayer, Tensor update) { }

    /// @param sublayer its index, or [#EMBEDDINGS]
    /// @param stream the residual stream after the sublayer, `[N, D]`; `[N, M·D]` with M residual streams
    default void stream(int sublayer, Tensor stream) { }
}
