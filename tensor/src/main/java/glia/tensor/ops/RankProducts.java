package glia.tensor.ops;

import java.util.Map;
import java.util.Optional;

/// The weights of a rank's part of a model that are computed with other ranks, by identity.
///
/// @param sums weights of which ranks have some inputs each
/// @param outputs for training, weights of which ranks have some outputs each
/// @param norms for training, weights of norms of heads, which are those of all heads
/// @param experts for training, ranks that have some experts each
public record RankProducts(Map<Weight, TreeProduct> sums, Map<Weight, OutputParts> outputs,
        Map<Weight, HeadNorm.Groups> norms, Optional<ExpertRanks> experts) {
    /// A model that a rank computes alone.
    public static final RankProducts NONE = new RankProducts(Map.of(), Map.of(), Map.of(),
            Optional.empty());

    /// Whether ranks have some heads of attention and columns of MLPs each.
    public boolean dividesHeads() {
        return !sums.isEmpty();
    }
}
