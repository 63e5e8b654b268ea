package glia.model.spec;

import glia.tensor.kernel.Span;
import glia.tensor.ops.expert.Router;
import java.util.List;

/// A mixture of attention heads (https://arxiv.org/abs/2210.05144, https://arxiv.org/abs/2404.07413): a router chooses
/// k experts for each token. An expert has a query projection with a head for each key-value head, and an output
/// projection; keys and values are those of all experts. `Σ_j w_j · O_{c_j} attend(Q_{c_j} x) + b`.
///
/// @param numHeads the heads of keys and values, and of each expert
/// @param span the positions that a query attends to
public record ExpertAttention(int numExperts, int numHeads, int headSize, Rope rope, Span span, Router router)
        implements Mixer {
    public ExpertAttention {
        NumberRange.EXPERTS.require("number of experts", numExperts);
        Heads.check(numHeads, numHeads, headSize);
        Heads.check(rope, headSize);
        router.check(numExperts);
        if ((long) router.numChosen() * numHeads * headSize > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(router.numChosen() + " experts of " + numHeads + " heads of "
                    + headSize);
        }
    }

    /// Size of the queries of an expert, and of all keys.
    public int size() {
        return numHeads * headSize;
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        shapes.add(Role.ROUTER, numExperts, hidden);
        shapes.add(Role.KEY, size(), hidden);
        shapes.add(Role.VALUE, size(), hidden);
        for (int expert = 0; expert < numExperts; expert++) {
            shapes.addExpert(expert, Role.QUERY, size(), hidden);
            shapes.addExpert(expert, Role.OUTPUT, hidden, size());
        }
        shapes.add(Role.OUTPUT_BIAS, hidden);
    }

    @Override
    public List<CacheKind> caches() {
        return List.of(new CacheKind.KeyValues(size(), size(), span));
    }

    @Override
    public String describe() {
        return "mixture of attention heads, " + router.numChosen() + " of " + numExperts + " experts with " + numHeads
                + " heads, size " + headSize + ", " + Labels.of(span) + ", " + Labels.of(rope);
    }
}
