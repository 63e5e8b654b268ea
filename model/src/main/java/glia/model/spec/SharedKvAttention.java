package glia.model.spec;

import glia.tensor.kernel.Span;
import java.util.List;

/// Attention with queries of its own over the keys and values of an earlier layer, which saves their projections and
/// what a sequence remembers of them (https://arxiv.org/abs/2405.05254 has the idea): `q = rotate(norm(W_q x))`, k and
/// v are those of a `NormedAttention`, and scores are not scaled.
///
/// @param followed where that attention is, in an earlier sublayer
public record SharedKvAttention(int numHeads, int numKeyValueHeads, int headSize, Rope rope, Span span, float eps,
        Bias bias, Place followed) implements Mixer {
    public SharedKvAttention {
        Heads.check(numHeads, numKeyValueHeads, headSize);
        Heads.check(rope, headSize);
        NumberRange.EPSILON.require("epsilon of the head norm", eps);
    }

    public int querySize() {
        return numHeads * headSize;
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        boolean biased = bias != Bias.NONE;
        shapes.linear(Role.QUERY, Role.QUERY_BIAS, biased, querySize(), hidden);
        shapes.linear(Role.OUTPUT, Role.OUTPUT_BIAS, biased, hidden, querySize());
        shapes.add(Role.QUERY_NORM, headSize);
    }

    @Override
    public List<CacheKind> caches() {
        return List.of();
    }

    @Override
    public String describe() {
        return "attention with normed heads, " + numHeads + " heads over the " + numKeyValueHeads
                + " of keys and values of " + followed + ", size " + headSize + ", " + Labels.of(span) + ", "
                + Labels.of(rope);
    }
}
