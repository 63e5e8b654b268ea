package glia.model.block;

import glia.model.spec.Place;
import glia.tensor.Tensor;

/// Receives what cross attention computes.
public interface CrossWatcher {
    /// @param queries of the tokens of the pass, `[N, H·E]`, valid during the call
    /// @param keys of the sources that the pass encodes, `[M, H·E]`, without rows where they are cached
    void crossed(Place place, Tensor queries, Tensor keys);
}
