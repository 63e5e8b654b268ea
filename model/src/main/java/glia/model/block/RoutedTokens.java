package glia.model.block;

import glia.model.spec.Place;
import glia.tensor.Tensor;
import glia.tensor.ops.expert.Routing;

/// What the router of a mixture of experts did with the tokens of a pass.
///
/// @param logits `[N, X]`, with their gradient if the pass is recorded
/// @param routing holds the chosen experts
public record RoutedTokens(Place place, Tensor logits, Routing routing) { }
