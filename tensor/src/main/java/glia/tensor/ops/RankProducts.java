package glia.tensor.ops;

import java.util.Map;

/// The weights of a rank's part of a model that are computed with other ranks, by identity.
///
/// @param sums weights of which ranks have some inputs each
/// @param outputs for training, weights of which ranks have some outputs each
/// @param norms for training, weights of norms of heads, which are those of all heads
public record RankProducts(Map<Weight, TreeProduct> sums, Map<Weight, OutputParts> outputs,
        Map<Weight, HeadNorm.Groups> norms) {
    /// A model that a rank computes alone.
    public static final RankProducts NONE = new RankProducts(Map.of(), Map.of(), Map.of());
}
