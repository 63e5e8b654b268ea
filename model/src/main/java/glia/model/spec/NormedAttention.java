package glia.model.spec;

import glia.tensor.kernel.Span;
import java.util.List;

/// Attention with an RMS norm of each query, key and value head and unscaled scores: `q = rope(norm(W_q x))`,
/// `k = rope(norm(W_k x))`, `v = unit(W_v x)`. The norm of values has no weights.
///
/// @param values the projection of values
public record NormedAttention(int numHeads, int numKeyValueHeads, int headSize, Rope rope, Span span, float eps,
        Bias bias, Values values) implements Mixer {
    /// The input of the value norm.
    public enum Values {
        /// A separate projection W_v.
        PROJECTION,
        /// The key projection W_k x, before norm and RoPE.
        KEYS
    }

    public NormedAttention {
        Heads.check(numHeads, numKeyValueHeads, headSize);
        Heads.check(rope, headSize);
        NumberRange.EPSILON.require("epsilon of the head norm", eps);
    }

    /// The same over the keys and values of an earlier attention.
    public SharedKvAttention following(Place followed) {
        return new SharedKvAttention(numHeads, numKeyValueHeads, headSize, rope, span, eps, bias, followed);
    }

    public int querySize() {
        return numHeads * headSize;
    }

    public int keyValueSize() {
        return numKeyValueHeads * headSize;
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        boolean biased = bias != Bias.NONE;
        shapes.linear(Role.QUERY, Role.QUERY_BIAS, biased, querySize(), hidden);
        shapes.linear(Role.KEY, Role.KEY_BIAS, biased, keyValueSize(), hidden);
        if (values == Values.PROJECTION) {
            shapes.linear(Role.VALUE, Role.VALUE_BIAS, biased, keyValueSize(), hidden);
        }
        shapes.linear(Role.OUTPUT, Role.OUTPUT_BIAS, biased, hidden, querySize());
        shapes.add(Role.QUERY_NORM, headSize);
        shapes.add(Role.KEY_NORM, headSize);
    }

    @Override
    public List<CacheKind> caches() {
        return List.of(new CacheKind.KeyValues(keyValueSize(), keyValueSize(), span));
    }

    @Override
    public String describe() {
        return "attention with normed heads, " + numHeads + " heads over " + numKeyValueHeads
                + (values == Values.KEYS ? " of keys that are the values too" : " of keys and values") + ", size "
                + headSize + ", " + Labels.of(span) + ", " + Labels.of(rope);
    }
}
