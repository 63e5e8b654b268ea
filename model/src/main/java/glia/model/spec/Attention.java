package glia.model.spec;

import glia.tensor.kernel.Scores;
import glia.tensor.kernel.Span;
import java.util.List;
import java.util.OptionalInt;

/// Softmax attention, multi-head, grouped-query or multi-query by the number of key-value heads.
/// https://arxiv.org/abs/1706.03762, https://arxiv.org/abs/2305.13245
///
/// @param scale factor of the scores, usually 1/√E
/// @param scores what is added to the scores, or how they are capped, before the softmax
/// @param gating gate of the heads' output, before the output projection
/// @param ownValueSize the size of a value head, if it is not that of a query and key head
public record Attention(int numHeads, int numKeyValueHeads, int headSize, float scale, Rope rope, Span span,
        QkNorm norm, Bias bias, Scores scores, Temperature temperature, Gating gating, OptionalInt ownValueSize)
        implements Mixer {
    /// A gate of the heads' output.
    public enum Gating {
        /// No gate.
        NONE,
        /// `output ⊙ σ(gate)`; the query projection computes `[query | gate]` for each head.
        /// https://arxiv.org/abs/2505.06708
        SIGMOID,
        /// `output ⊙ σ(W x)`, with a matrix W of its own for the gates of all heads. https://arxiv.org/abs/2505.06708
        PROJECTED,
        /// `output ⊙ σ(W x + b)`.
        BIASED,
        /// Each head's output is multiplied by `σ(w_h · x)`, of a matrix of its own.
        BY_HEAD
    }

    public Attention {
        Heads.check(numHeads, numKeyValueHeads, headSize);
        Heads.check(rope, headSize);
        NumberRange.FACTOR.require("attention scale", scale);
        ownValueSize.ifPresent(size -> NumberRange.SIZE.require("value head size", size));
        if (gating != Gating.NONE && ownValueSize.isPresent()) {
            throw new IllegalArgumentException("gated attention with value heads of a size of their own");
        }
        switch (scores) {
            case Scores.Plain _, Scores.Sinks _ -> { }
            case Scores.Capped capped -> NumberRange.CAP.require("cap of attention scores", capped.cap());
            case Scores.Alibi alibi -> NumberRange.FACTOR.require("largest ALiBi exponent", alibi.maxBias());
            case Scores.RelativeBias _ -> throw new IllegalArgumentException(
                    "relative position buckets need the mixer RelativeAttention");
        }
    }

    /// Attention with plain scores and, unless the norm is `None`, a norm of each query and key head.
    public Attention(int numHeads, int numKeyValueHeads, int headSize, float scale, Rope rope, Span span, Norm headNorm,
            Bias bias) {
        this(numHeads, numKeyValueHeads, headSize, scale, rope, span, QkNorm.heads(headNorm), bias,
                new Scores.Plain(), new Temperature.Constant(), Gating.NONE);
    }

    /// Attention whose heads have one size.
    public Attention(int numHeads, int numKeyValueHeads, int headSize, float scale, Rope rope, Span span, QkNorm norm,
            Bias bias, Scores scores, Temperature temperature, Gating gating) {
        this(numHeads, numKeyValueHeads, headSize, scale, rope, span, norm, bias, scores, temperature, gating,
                OptionalInt.empty());
    }

    /// Causal attention with scores divided by √E.
    public static Attention causal(int numHeads, int numKeyValueHeads, int headSize, Rope rope, Bias bias) {
        return new Attention(numHeads, numKeyValueHeads, headSize, (float) (1 / Math.sqrt(headSize)), rope,
                new Span.Causal(), new Norm.None(), bias);
    }

    /// A copy with another scale of the scores.
    public Attention withScale(double other) {
        return new Attention(numHeads, numKeyValueHeads, headSize, (float) other, rope, span, norm, bias, scores,
                temperature, gating, ownValueSize);
    }

    /// A copy with another RoPE.
    public Attention with(Rope other) {
        return new Attention(numHeads, numKeyValueHeads, headSize, scale, other, span, norm, bias, scores,
                temperature, gating, ownValueSize);
    }

    /// A copy with another span.
    public Attention with(Span other) {
        return new Attention(numHeads, numKeyValueHeads, headSize, scale, rope, other, norm, bias, scores,
                temperature, gating, ownValueSize);
    }

    /// A copy with another norm of queries and keys.
    public Attention with(QkNorm other) {
        return new Attention(numHeads, numKeyValueHeads, headSize, scale, rope, span, other, bias, scores,
                temperature, gating, ownValueSize);
    }

    /// A copy with other scores.
    public Attention with(Scores other) {
        return new Attention(numHeads, numKeyValueHeads, headSize, scale, rope, span, norm, bias, other, temperature,
                gating, ownValueSize);
    }

    /// A copy with another temperature.
    public Attention with(Temperature other) {
        return new Attention(numHeads, numKeyValueHeads, headSize, scale, rope, span, norm, bias, scores, other,
                gating, ownValueSize);
    }

    /// A copy with another gate.
    public Attention with(Gating other) {
        return new Attention(numHeads, numKeyValueHeads, headSize, scale, rope, span, norm, bias, scores, temperature,
                other, ownValueSize);
    }

    /// A copy with value heads of another size than the query and key heads.
    public Attention withValueSize(int size) {
        return new Attention(numHeads, numKeyValueHeads, headSize, scale, rope, span, norm, bias, scores, temperature,
                gating, size == headSize ? OptionalInt.empty() : OptionalInt.of(size));
    }

    /// The size of a value head.
    public int valueSize() {
        return ownValueSize.orElse(headSize);
    }

    public int querySize() {
        return numHeads * headSize;
    }

    /// The width of all key heads, and of all value heads unless these have a size of their own.
    /// Size of the output of all heads.
    public int outputSize() {
        return numHeads * valueSize();
    }

    public int keyValueSize() {
        return numKeyValueHeads * headSize;
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        boolean inputs = bias.ofInputs();
        int queries = switch (gating) {
            case NONE, PROJECTED, BIASED, BY_HEAD -> querySize();
            case SIGMOID -> Math.multiplyExact(2, querySize());
        };
        shapes.linear(Role.QUERY, Role.QUERY_BIAS, inputs, queries, hidden);
        shapes.linear(Role.KEY, Role.KEY_BIAS, bias.ofKeys(), keyValueSize(), hidden);
        shapes.linear(Role.VALUE, Role.VALUE_BIAS, inputs, numKeyValueHeads * valueSize(), hidden);
        shapes.linear(Role.OUTPUT, Role.OUTPUT_BIAS, bias.ofOutput(), hidden, outputSize());
        if (gating == Gating.PROJECTED || gating == Gating.BIASED) {
            shapes.linear(Role.ATTENTION_GATE, Role.ATTENTION_GATE_BIAS, gating == Gating.BIASED, outputSize(), hidden);
        }
        if (gating == Gating.BY_HEAD) {
            shapes.add(Role.GATE, numHeads, hidden);
        }
        addNorms(shapes, norm);
        if (scores instanceof Scores.Sinks) {
            shapes.add(Role.SINKS, numHeads);
        }
    }

    private void addNorms(Shapes shapes, QkNorm added) {
        switch (added) {
            case QkNorm.None none -> { }
            case QkNorm.Heads heads -> addNorms(shapes, headSize, headSize);
            case QkNorm.HeadLayers heads when heads.isApart() -> {
                for (int head = 0; head < numHeads; head++) {
                    shapes.addExpert(head, Role.QUERY_NORM, headSize);
                }
                for (int head = 0; head < numKeyValueHeads; head++) {
                    shapes.addExpert(head, Role.KEY_NORM, headSize);
                }
            }
            case QkNorm.Whole _ -> addNorms(shapes, querySize(), keyValueSize());
            case QkNorm.HeadLayers layers -> {
                addNorms(shapes, querySize(), keyValueSize());
                if (layers.biased()) {
                    shapes.add(Role.QUERY_NORM_BIAS, querySize());
                    shapes.add(Role.KEY_NORM_BIAS, keyValueSize());
                }
            }
            case QkNorm.Rotated rotated when rotated.norm() instanceof Norm.Rms -> addNorms(shapes, headSize, headSize);
            case QkNorm.Rotated rotated -> { }
            case QkNorm.Layers layers -> {
                addNorms(shapes, headSize, headSize);
                shapes.add(Role.QUERY_NORM_BIAS, headSize);
                shapes.add(Role.KEY_NORM_BIAS, headSize);
            }
            case QkNorm.Clipped clipped -> addNorms(shapes, clipped.first());
        }
    }

    private static void addNorms(Shapes shapes, int querySize, int keySize) {
        shapes.add(Role.QUERY_NORM, querySize);
        shapes.add(Role.KEY_NORM, keySize);
    }

    @Override
    public List<CacheKind> caches() {
        return List.of(new CacheKind.KeyValues(keyValueSize(), numKeyValueHeads * valueSize(), span));
    }

    @Override
    public String describe() {
        String kind = numKeyValueHeads == numHeads ? "multi-head" : numKeyValueHeads == 1 ? "multi-query"
                : "grouped-query";
        return kind + " attention, " + numHeads + " heads"
                + (numHeads == numKeyValueHeads ? "" : " over " + numKeyValueHeads + " of keys and values")
                + ", size " + headSize + (ownValueSize.isPresent() ? ", values of " + valueSize() : "") + ", "
                + Labels.of(span) + ", " + Labels.of(rope) + Labels.of(norm) + Labels.of(scores)
                + (temperature instanceof Temperature.Logarithmic ? ", temperature by position" : "")
                + (gating == Gating.NONE ? "" : ", gated");
    }
}
