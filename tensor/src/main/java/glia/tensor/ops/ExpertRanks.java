package glia.tensor.ops;

import java.util.List;
import java.util.Map;

/// Ranks that have some experts of each layer each (expert parallelism, https://arxiv.org/abs/2006.16668): of X experts
/// on P ranks, rank r has `X · r / P` to `X · (r + 1) / P`.
///
/// @param bySource for each weight of this rank's experts one for the tokens of each rank, with the same values: so the
///     tokens of ranks have gradients of their own; none without gradients, where all ranks have the same tokens
public record ExpertRanks(RankGroup ranks, Map<Weight, List<Weight>> bySource) { }
