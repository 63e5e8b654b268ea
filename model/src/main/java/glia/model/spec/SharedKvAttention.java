package glia.model.spec;

import glia.tensor.kernel.Span;

/// Attention with cross-layer KV sharing: it computes queries, `q = rope(norm(W_q x))`, and reuses the keys and values
/// of an earlier `NormedAttention`, so it needs no key and value projections and no KV cache. Scores are not scaled.
/// The idea is that of https://arxiv.org/abs/2405.05254.
///
/// @param followed the place of that earlier attention
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
    public String describe() {
        return "attention with normed heads, " + numHeads + " heads over the " + numKeyValueHeads
                + " of keys and values of " + followed + ", size " + headSize + ", " + Labels.of(span) + ", "
                + Labels.of(rope);
    }
}
