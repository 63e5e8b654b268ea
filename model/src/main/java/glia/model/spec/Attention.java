package glia.model.spec;

import glia.tensor.kernel.Scores;
import glia.tensor.kernel.Span;
import java.util.List;

/// Softmax attention, multi-head, grouped-query or multi-query by the number of key-value heads.
/// https://arxiv.org/abs/1706.03762, https://arxiv.org/abs/2305.13245
///
/// @param scale what scores are multiplied with
/// @param scores what is made of the scores before the softmax
/// @param gating what the result of the heads goes through before the output's projection
public record Attention(int numHeads, int numKeyValueHeads, int headSize, float scale, Rope rope, Span span,
        QkNorm norm, Bias bias, Scores scores, Temperature temperature, Gating gating) implements Mixer {
    /// A gate of the result.
    public enum Gating {
        /// There is none.
        NONE,
        /// `result · σ(gate)`, number by number; the queries' projection gives for each head `[query | gate]`.
        /// https://arxiv.org/abs/2505.06708
        SIGMOID
    }

    public Attention {
        Heads.check(numHeads, numKeyValueHeads, headSize);
        Heads.check(rope, headSize);
        NumberRange.FACTOR.require("attention scale", scale);
        switch (scores) {
            case Scores.Plain _, Scores.Sinks _ -> { }
            case Scores.Capped capped -> NumberRange.CAP.require("cap of attention scores", capped.cap());
            case Scores.Alibi alibi -> NumberRange.FACTOR.require("largest ALiBi exponent", alibi.maxBias());
            case Scores.RelativeBias _ -> throw new IllegalArgumentException(
                    "relative position buckets need the mixer RelativeAttention");
        }
    }

    /// Attention with plain scores and, where a norm is given, normed heads.
    public Attention(int numHeads, int numKeyValueHeads, int headSize, float scale, Rope rope, Span span, Norm headNorm,
            Bias bias) {
        this(numHeads, numKeyValueHeads, headSize, scale, rope, span, QkNorm.heads(headNorm), bias,
                new Scores.Plain(), new Temperature.Constant(), Gating.NONE);
    }

    /// Attention over all that went before, with scores divided by √E and nothing else done to them.
    public static Attention causal(int numHeads, int numKeyValueHeads, int headSize, Rope rope, Bias bias) {
        return new Attention(numHeads, numKeyValueHeads, headSize, (float) (1 / Math.sqrt(headSize)), rope,
                new Span.Causal(), new Norm.None(), bias);
    }

    /// The same attention with another factor of scores.
    public Attention withScale(double other) {
        return new Attention(numHeads, numKeyValueHeads, headSize, (float) other, rope, span, norm, bias, scores,
                temperature, gating);
    }

    /// The same with another rotation.
    public Attention with(Rope other) {
        return new Attention(numHeads, numKeyValueHeads, headSize, scale, other, span, norm, bias, scores,
                temperature, gating);
    }

    /// The same with another span.
    public Attention with(Span other) {
        return new Attention(numHeads, numKeyValueHeads, headSize, scale, rope, other, norm, bias, scores,
                temperature, gating);
    }

    /// The same with another norm of queries and keys.
    public Attention with(QkNorm other) {
        return new Attention(numHeads, numKeyValueHeads, headSize, scale, rope, span, other, bias, scores,
                temperature, gating);
    }

    /// The same with another rule of scores.
    public Attention with(Scores other) {
        return new Attention(numHeads, numKeyValueHeads, headSize, scale, rope, span, norm, bias, other, temperature,
                gating);
    }

    /// The same with another temperature.
    public Attention with(Temperature other) {
        return new Attention(numHeads, numKeyValueHeads, headSize, scale, rope, span, norm, bias, scores, other,
                gating);
    }

    /// The same with another gate.
    public Attention with(Gating other) {
        return new Attention(numHeads, numKeyValueHeads, headSize, scale, rope, span, norm, bias, scores, temperature,
                other);
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
        int queries = switch (gating) {
            case NONE -> querySize();
            case SIGMOID -> Math.multiplyExact(2, querySize());
        };
        shapes.linear(Role.QUERY, Role.QUERY_BIAS, inputs, queries, hidden);
        shapes.linear(Role.KEY, Role.KEY_BIAS, inputs, keyValueSize(), hidden);
        shapes.linear(Role.VALUE, Role.VALUE_BIAS, inputs, keyValueSize(), hidden);
        shapes.linear(Role.OUTPUT, Role.OUTPUT_BIAS, bias == Bias.ALL, hidden, querySize());
        switch (norm) {
            case QkNorm.None none -> { }
            case QkNorm.Heads heads -> addNorms(shapes, headSize, headSize);
            case QkNorm.Whole whole -> addNorms(shapes, querySize(), keyValueSize());
            case QkNorm.Rotated rotated -> { }
            case QkNorm.Clipped clipped -> { }
        }
        if (scores instanceof Scores.Sinks) {
            shapes.add(Role.SINKS, numHeads);
        }
    }

    private static void addNorms(Shapes shapes, int querySize, int keySize) {
        shapes.add(Role.QUERY_NORM, querySize);
        shapes.add(Role.KEY_NORM, keySize);
    }

    @Override
    public List<CacheKind> caches() {
        return List.of(new CacheKind.KeyValues(keyValueSize(), keyValueSize(), span));
    }

    @Override
    public String describe() {
        String kind = numKeyValueHeads == numHeads ? "multi-head" : numKeyValueHeads == 1 ? "multi-query"
                : "grouped-query";
        return kind + " attention, " + numHeads + " heads"
                + (numHeads == numKeyValueHeads ? "" : " over " + numKeyValueHeads + " of keys and values")
                + ", size " + headSize + ", " + Labels.of(span) + ", " + Labels.of(rope) + Labels.of(norm)
                + Labels.of(scores) + (temperature instanceof Temperature.Logarithmic ? ", sharper with length" : "")
                + (gating == Gating.NONE ? "" : ", gated");
    }
}
