package glia.model.spec;

import glia.tensor.kernel.Span;
import java.util.List;

/// Softmax attention, multi-head, grouped-query or multi-query by the number of key-value heads.
/// https://arxiv.org/abs/1706.03762, https://arxiv.org/abs/2305.13245
///
/// @param scale what scores are multiplied with
/// @param headNorm norm of each head of queries and keys, before rotation
public record Attention(int numHeads, int numKeyValueHeads, int headSize, float scale, Rope rope, Span span,
        Norm headNorm, Bias bias) implements Mixer {
    public Attention {
        if (numHeads < 1 || numKeyValueHeads < 1 || numHeads % numKeyValueHeads != 0 || headSize < 1
                || (long) numHeads * headSize > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("attention with " + numHeads + " heads, " + numKeyValueHeads
                    + " key-value heads of size " + headSize);
        }
        if (rope instanceof Rope.Rotary rotary && rotary.rotatedSize() > headSize) {
            throw new IllegalArgumentException("rotary embedding of " + rotary.rotatedSize()
                    + " numbers in heads of " + headSize);
        }
        if (!Float.isFinite(scale)) {
            throw new IllegalArgumentException("attention scores times " + scale);
        }
    }

    /// The same attention with another rotation.
    public Attention withRope(Rope other) {
        return new Attention(numHeads, numKeyValueHeads, headSize, scale, other, span, headNorm, bias);
    }

    public int querySize() {
        return numHeads * headSize;
    }

    public int keyValueSize() {
        return numKeyValueHeads * headSize;
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        boolean inputs = bias != Bias.NONE;
        shapes.linear(Role.QUERY, Role.QUERY_BIAS, inputs, querySize(), hidden);
        shapes.linear(Role.KEY, Role.KEY_BIAS, inputs, keyValueSize(), hidden);
        shapes.linear(Role.VALUE, Role.VALUE_BIAS, inputs, keyValueSize(), hidden);
        shapes.linear(Role.OUTPUT, Role.OUTPUT_BIAS, bias == Bias.ALL, hidden, querySize());
        switch (headNorm) {
            case Norm.None none -> { }
            case Norm.Rms rms -> {
                shapes.add(Role.QUERY_NORM, headSize);
                shapes.add(Role.KEY_NORM, headSize);
            }
            case Norm.UnitRms rms -> { }
            case Norm.Layer layer -> throw new IllegalArgumentException("layer norm of heads is not built");
            case Norm.UnbiasedLayer layer -> throw new IllegalArgumentException("layer norm of heads is not built");
        }
    }

    @Override
    public List<Remembered> remembered() {
        return List.of(new Remembered.KeyValues(keyValueSize(), keyValueSize(), span));
    }

    @Override
    public String describe() {
        String kind = numKeyValueHeads == numHeads ? "multi-head" : numKeyValueHeads == 1 ? "multi-query"
                : "grouped-query";
        return kind + " attention, " + numHeads + " heads"
                + (numHeads == numKeyValueHeads ? "" : " over " + numKeyValueHeads + " of keys and values")
                + ", size " + headSize + ", " + Words.of(span) + ", " + Words.of(rope)
                + (headNorm instanceof Norm.None ? "" : ", normed heads");
    }
}
