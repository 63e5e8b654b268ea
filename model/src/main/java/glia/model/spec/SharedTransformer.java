package glia.model.spec;

import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Span;
import java.util.List;

/// A block of attention and MLP whose weights several layers share, with low-rank matrices of each layer added to them
/// (https://arxiv.org/abs/2411.15242): with `n = norm([x | e])` of the stream and the token's embedding e,
/// `W · mlp(norm(attention(n)))`, where W is the layer's own. There are no residual connections inside.
///
/// @param numHeads H heads of `headSize`; queries, keys and values are projections of `2 D` numbers
/// @param scale factor of the scores
/// @param eps epsilon of both norms
/// @param rank of the layer's own matrices
/// @param adapts whether queries, keys and values have low-rank matrices, too, besides gate and up
/// @param bias of the MLP
/// @param first the place of the first layer with these weights, which holds them
/// @param use the number of this block among all of the model
public record SharedTransformer(int numHeads, int numKeyValueHeads, int headSize, float scale, Rope rope,
        int intermediateSize, Activation activation, float eps, int rank, boolean adapts, Bias bias, Place first,
        int use) implements Mixer {
    private static final Span SPAN = new Span.Causal();

    public SharedTransformer {
        Heads.check(numHeads, numKeyValueHeads, headSize);
        Heads.check(rope, headSize);
        NumberRange.FACTOR.require("attention scale", scale);
        NumberRange.SIZE.require("MLP width", intermediateSize);
        NumberRange.SIZE.require("rank", rank);
        NumberRange.EPSILON.require("epsilon of the norms", eps);
    }

    public int querySize() {
        return numHeads * headSize;
    }

    public int keyValueSize() {
        return numKeyValueHeads * headSize;
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        int wide = Math.multiplyExact(2, hidden);
        if (shapes.place().equals(first)) {
            boolean biased = bias == Bias.ALL;
            shapes.add(Role.PAIR_NORM, wide);
            shapes.add(Role.QUERY, querySize(), wide);
            shapes.add(Role.KEY, keyValueSize(), wide);
            shapes.add(Role.VALUE, keyValueSize(), wide);
            shapes.add(Role.OUTPUT, hidden, querySize());
            shapes.add(Role.MLP_NORM, hidden);
            shapes.linear(Role.GATE, Role.GATE_BIAS, biased, intermediateSize, hidden);
            shapes.linear(Role.UP, Role.UP_BIAS, biased, intermediateSize, hidden);
            shapes.linear(Role.DOWN, Role.DOWN_BIAS, biased, hidden, intermediateSize);
        }
        if (adapts) {
            shapes.add(Role.QUERY_DOWN, rank, wide);
            shapes.add(Role.QUERY_UP, querySize(), rank);
            shapes.add(Role.KEY_DOWN, rank, wide);
            shapes.add(Role.KEY_UP, keyValueSize(), rank);
            shapes.add(Role.VALUE_DOWN, rank, wide);
            shapes.add(Role.VALUE_UP, keyValueSize(), rank);
        }
        shapes.add(Role.MLP_DOWN, rank, hidden);
        shapes.add(Role.MLP_UP, 2L * intermediateSize, rank);
        shapes.add(Role.TRANSFORM, hidden, hidden);
    }

    @Override
    public List<CacheKind> caches() {
        return List.of(new CacheKind.KeyValues(keyValueSize(), keyValueSize(), SPAN));
    }

    @Override
    public String describe() {
        return "shared transformer, " + numHeads + " heads of " + headSize + ", " + Labels.of(rope) + ", MLP of "
                + intermediateSize + ", rank " + rank;
    }
}
