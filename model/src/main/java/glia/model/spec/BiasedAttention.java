package glia.model.spec;

import glia.tensor.kernel.Span;
import java.util.List;
import java.util.Optional;

/// Attention without rotary embedding: each token mixes its bias by distance from learned profiles, keys and values
/// pass short convolutions, queries, keys and the biases' mixtures have limited lengths, values are normalized, and
/// each token has a sink (`glia.tensor.ops.attention.BiasedAttention`). The output is gated. It reads one input, or one
/// each for queries, keys and values.
///
/// @param biasSize the number of profiles
/// @param extent the distances that profiles have
/// @param keyLimit the most length of queries and keys
/// @param biasLimit the most length of a token's mixture
/// @param kernel the tokens of the convolutions
/// @param full of layers with a norm for each input, convolutions whose taps depend on the token, and a factor of
///     queries and mixtures that grows with the position
/// @param eps epsilon of all norms
public record BiasedAttention(int numHeads, int numKeyValueHeads, int headSize, Span span, int biasSize, int extent,
        float keyLimit, float biasLimit, int kernel, Optional<Growth> full, float eps) implements Mixer {
    /// The factor `1 + rate · ln(max((position + 1) / floor, 1))`.
    public record Growth(double rate, int floor) {
        public Growth {
            NumberRange.WEIGHT.require("rate of the factor of queries", rate);
            NumberRange.SIZE.require("position from which queries grow", floor);
        }

        /// The factor at a position.
        public float at(int position) {
            return (float) (1 + rate * Math.log(Math.max((position + 1.0) / floor, 1)));
        }
    }

    public BiasedAttention {
        Heads.check(numHeads, numKeyValueHeads, headSize);
        NumberRange.SIZE.require("profiles of biases", biasSize);
        NumberRange.SIZE.require("extent of biases", extent);
        NumberRange.SIZE.require("convolution", kernel);
        NumberRange.CAP.require("limit of keys", keyLimit);
        NumberRange.CAP.require("limit of biases", biasLimit);
        NumberRange.EPSILON.require("epsilon of a norm", eps);
    }

    private int keys() {
        return numKeyValueHeads * headSize;
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        int queries = numHeads * headSize;
        shapes.add(Role.QUERY_INPUT_NORM, hidden);
        if (full.isPresent()) {
            shapes.add(Role.KEY_INPUT_NORM, hidden);
            shapes.add(Role.VALUE_INPUT_NORM, hidden);
        }
        shapes.add(Role.QUERY, queries, hidden);
        shapes.add(Role.QUERY_SCALE, numHeads, headSize);
        shapes.add(Role.KEY, keys(), hidden);
        convolution(shapes, hidden, Role.KEY_CONVOLUTION, Role.KEY_TAPS);
        shapes.add(Role.VALUE, keys(), hidden);
        convolution(shapes, hidden, Role.VALUE_CONVOLUTION, Role.VALUE_TAPS);
        shapes.add(Role.DISTANCE_QUERY, (long) numHeads * biasSize, hidden);
        shapes.add(Role.DISTANCE_SCALE, numHeads, biasSize);
        shapes.add(Role.DISTANCES, extent, biasSize);
        shapes.add(Role.SINKS, numHeads, hidden);
        shapes.add(Role.ATTENTION_GATE, queries, hidden);
        shapes.add(Role.OUTPUT, hidden, queries);
    }

    private void convolution(Shapes shapes, int hidden, Role fixed, Role taps) {
        if (full.isEmpty()) {
            shapes.add(fixed, keys(), 1, kernel);
        } else {
            shapes.add(fixed, kernel, keys());
            shapes.add(taps, (long) numKeyValueHeads * kernel, hidden);
        }
    }

    /// Keys and values, then the last inputs of their convolutions.
    @Override
    public List<CacheKind> caches() {
        CacheKind inputs = new CacheKind.Recurrence(Math.multiplyExact(keys(), kernel - 1));
        return List.of(new CacheKind.KeyValues(keys(), keys(), span), inputs, inputs);
    }

    @Override
    public String describe() {
        return "attention, " + numHeads + " heads of " + headSize + ", " + numKeyValueHeads + " key-value heads, "
                + Labels.of(span) + ", biases of " + biasSize + " profiles, convolutions of " + kernel;
    }
}
