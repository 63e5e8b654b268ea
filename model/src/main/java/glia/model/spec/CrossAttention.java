package glia.model.spec;

import java.util.List;

/// Multi-head cross attention: queries come from the decoder, keys and values from all hidden states of the encoder.
/// https://arxiv.org/abs/1706.03762
///
/// @param scale factor of the scores
public record CrossAttention(int numHeads, int headSize, float scale, Bias bias) implements Mixer {
    public CrossAttention {
        Heads.check(numHeads, numHeads, headSize);
        NumberRange.FACTOR.require("attention scale", scale);
    }

    public int size() {
        return Math.multiplyExact(numHeads, headSize);
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        boolean inputs = bias.ofInputs();
        shapes.linear(Role.QUERY, Role.QUERY_BIAS, inputs, size(), hidden);
        shapes.linear(Role.KEY, Role.KEY_BIAS, bias.ofKeys(), size(), hidden);
        shapes.linear(Role.VALUE, Role.VALUE_BIAS, inputs, size(), hidden);
        shapes.linear(Role.OUTPUT, Role.OUTPUT_BIAS, bias.ofOutput(), hidden, size());
    }

    @Override
    public List<CacheKind> caches() {
        return List.of(new CacheKind.Source(size(), size()));
    }

    @Override
    public String describe() {
        return "cross attention to the encoder, " + numHeads + " heads, size " + headSize;
    }
}
