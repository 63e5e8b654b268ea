package glia.tensor.kernel;

import glia.tensor.Tensor;

/// The KV cache of one attention layer for the sequences of a pass.
public interface KeyValueState {
    /// Appends the keys and values `[N, K·E]` of a pass. Returns, for each run, all keys and values of its sequence.
    /// The array is reused by the next call.
    KeyValues[] append(Tensor keys, Tensor values, Runs runs);

    /// Receives the rotated queries `[N, H·E]` of the pass whose keys and values were appended last, before they are
    /// used.
    default void queries(Tensor queries, Runs runs, AttentionShape shape) { }

    /// An empty cache that stores nothing: sequences are full, from position 0, as in training.
    KeyValueState NONE = (keys, values, runs) -> new FullSequences().append(keys, values, runs);
}
