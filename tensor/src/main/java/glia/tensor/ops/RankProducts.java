package glia.tensor.ops;

import java.util.Map;
import java.util.Optional;

/// The weights of a rank's part of a model that are computed with other ranks, by identity.
///
/// @param sums weights of which ranks have some inputs each
/// @param outputs for training, weights of which ranks have some outputs each
/// @param norms for training, weights of norms of heads, which are those of all heads
/// @param streamed for training, weights that are read with rows of the residual stream, and these rows
/// @param rows for training, the rows of the residual stream that ranks have
/// @param experts ranks that have some experts each
/// @param layers without gradients, ranks that have some layers each
/// @param cache without gradients, ranks that have some blocks of KV caches each
public record RankProducts(Map<Weight, TreeProduct> sums, Map<Weight, OutputParts> outputs,
        Map<Weight, HeadNorm.Groups> norms, Map<Weight, RowParts> streamed, RowParts rows,
        Optional<ExpertRanks> experts, Optional<LayerRanks> layers, Optional<CacheRanks> cache) {
    /// A model that a rank computes alone.
    public static final RankProducts NONE = of(Optional.empty(), Optional.empty());

    /// A model of which ranks have some experts or some layers each.
    public static RankProducts of(Optional<ExpertRanks> experts, Optional<LayerRanks> layers) {
        return new RankProducts(Map.of(), Map.of(), Map.of(), Map.of(), RowParts.ALL, experts, layers,
                Optional.empty());
    }

    /// A model of whose KV caches ranks have some blocks each.
    public static RankProducts of(CacheRanks cache) {
        return new RankProducts(Map.of(), Map.of(), Map.of(), Map.of(), RowParts.ALL, Optional.empty(),
                Optional.empty(), Optional.of(cache));
    }

    /// The same of ranks that have some experts each, too.
    public RankProducts with(ExpertRanks ofExperts) {
        return new RankProducts(sums, outputs, norms, streamed, rows, Optional.of(ofExperts), layers, cache);
    }

    /// Whether ranks have some heads of attention and columns of MLPs each.
    public boolean dividesHeads() {
        return !sums.isEmpty();
    }
}
