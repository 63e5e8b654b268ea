package glia.tensor.ops.expert;

import glia.tensor.ops.RankGroup;
import glia.tensor.ops.Weight;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Ranks that have some experts of each layer each (expert parallelism, https://arxiv.org/abs/2006.16668): of X experts
/// on P ranks, rank r has `X · r / P` to `X · (r + 1) / P`.
///
/// @param bySource for each weight of this rank's experts one for the tokens of each rank, with the same values: so the
///     tokens of ranks have gradients of their own
public record ExpertRanks(RankGroup ranks, Map<Weight, List<Weight>> bySource) {
    /// The first of the experts of a rank, or their number.
    int first(int numExperts, int rank) {
        return numExperts / ranks.size() * rank;
    }

    /// This rank's experts for the tokens of a rank.
    ExpertMlp.Experts of(ExpertMlp.Experts all, int source) {
        return new ExpertMlp.Experts(all.form(), of(all.gate(), source), of(all.up(), source), of(all.down(), source));
    }

    private ExpertLinear of(ExpertLinear bank, int source) {
        return new ExpertLinear(of(bank.weights(), source), of(bank.biases(), source));
    }

    private List<Weight> of(List<Weight> all, int source) {
        List<Weight> own = new ArrayList<>();
        int end = first(all.size(), ranks.rank() + 1);
        for (int e = first(all.size(), ranks.rank()); e < end; e++) {
            own.add(bySource.get(all.get(e)).get(source));
        }
        return own;
    }
}
