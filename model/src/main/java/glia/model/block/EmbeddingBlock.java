package glia.model.block;

import glia.model.spec.Embedding;
import glia.model.spec.PerLayerEmbeddings;
import glia.model.spec.Place;
import glia.model.spec.Positions;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import java.util.List;
import java.util.stream.Stream;

/// `norm(scale · E[token] + P[position] + S[segment])`, projected to the hidden size if the embedding is factorized.
final class EmbeddingBlock {
    private final Embedding spec;
    private final Weight tokens;
    private final List<Weight> positions;
    private final List<Weight> segments;
    private final Block norm;
    private final Block projection;
    /// The table, the projection and its norm of per-layer embeddings.
    private final List<Weight> layers;

    EmbeddingBlock(Embedding spec, Weights weights) {
        this(spec, weights, Role.POSITIONS, Role.EMBEDDING_NORM_WEIGHT, Role.EMBEDDING_NORM_BIAS);
    }

    private EmbeddingBlock(Embedding spec, Weights weights, Role positionRole, Role normWeight, Role normBias) {
        this.spec = spec;
        tokens = weights.get(Place.WHOLE, Role.EMBEDDING);
        positions = spec.positions() instanceof Positions.None ? List.of()
                : List.of(weights.get(Place.WHOLE, positionRole));
        segments = spec.numSegments() == 0 ? List.of() : List.of(weights.get(Place.WHOLE, Role.SEGMENTS));
        layers = spec.perLayer().isEmpty() ? List.of()
                : Stream.of(Role.LAYER_EMBEDDING, Role.LAYER_PROJECTION, Role.LAYER_PROJECTION_NORM)
                        .map(role -> weights.get(Place.WHOLE, role)).toList();
        norm = NormBlock.of(spec.norm(), weights, Place.WHOLE, normWeight, normBias);
        projection = spec.size().isEmpty() ? (ops, x, pass, states) -> x
                : Projection.of(weights, Place.WHOLE, Role.EMBEDDING_PROJECTION, Role.EMBEDDING_PROJECTION_BIAS, true);
    }

    /// That of an encoder beside a decoder, which has the token embedding.
    static EmbeddingBlock ofEncoder(Embedding spec, Weights weights) {
        return new EmbeddingBlock(spec, weights, Role.ENCODER_POSITIONS, Role.ENCODER_EMBEDDING_NORM_WEIGHT,
                Role.ENCODER_EMBEDDING_NORM_BIAS);
    }

    /// The input embeddings `[N, D]`.
    ///
    /// @throws IllegalArgumentException if a token, a learned position or a segment does not exist
    Tensor forward(Ops ops, Pass pass, States states) {
        Tensor x = ops.embed(tokens, pass.tokens(), pass.numTokens(), spec.padding().orElse(-1));
        if (spec.scale() != 1) {
            x = ops.scale(x, spec.scale());
        }
        for (Weight table : positions) {
            x = switch (spec.positions()) {
                case Positions.Counted counted -> addCounted(ops, x, table, pass, counted);
                case Positions.Learned learned -> add(ops, x, table, pass.positions(), learned.first(), "position ",
                        pass);
                case Positions.None none -> x;
            };
        }
        for (Weight table : segments) {
            x = add(ops, x, table, pass.segments(), 0, "segment ", pass);
        }
        x = projection.forward(ops, norm.forward(ops, x, pass, states), pass, states);
        if (spec.perLayer().isPresent()) {
            pass.crossLayer().perLayer(perLayer(ops, x, pass, spec.perLayer().get()));
        }
        return x;
    }

    /// `(norm(W x / √D) + √S · F[token]) / √2`, `[N, L·S]`. Tokens without a row of F have that of token 0.
    private Tensor perLayer(Ops ops, Tensor x, Pass pass, PerLayerEmbeddings inputs) {
        Tensor projected = ops.linear(ops.scale(x, (float) (1 / Math.sqrt(x.cols()))), layers.get(1));
        int[] known = pass.tokens();
        for (int i = 0; i < pass.numTokens(); i++) {
            if (known[i] >= inputs.vocabSize()) {
                known = known == pass.tokens() ? known.clone() : known;
                known[i] = 0;
            }
        }
        Tensor looked = ops.embed(layers.getFirst(), known, pass.numTokens(), spec.padding().orElse(-1));
        looked = ops.scale(looked, (float) Math.sqrt(inputs.size()));
        Tensor both = ops.residual(ops.rmsNorm(projected, layers.getLast(), inputs.eps(), 0), looked, 1);
        return ops.scale(both, (float) Math.sqrt(0.5));
    }

    /// Adds positions that are counted without padding tokens, run by run.
    private static Tensor addCounted(Ops ops, Tensor x, Weight table, Pass pass, Positions.Counted counted) {
        int[] rows = new int[pass.numTokens()];
        int count = 0;
        for (int i = 0; i < rows.length; i++) {
            count = pass.positions()[i] == 0 ? 0 : count;
            rows[i] = pass.tokens()[i] == counted.padding() ? counted.padding() : counted.padding() + ++count;
            require(count <= counted.count(), "position ", count - 1, counted.count());
        }
        return ops.residual(x, ops.embed(table, rows, rows.length, counted.padding()), 1);
    }

    private static void require(boolean exists, String what, int number, int count) {
        if (!exists) {
            throw new IllegalArgumentException(what + number + " is beyond the " + count
                    + " that the model has learned");
        }
    }

    private static Tensor add(Ops ops, Tensor x, Weight table, int[] numbers, int first, String what, Pass pass) {
        int[] rows = first == 0 ? numbers : new int[pass.numTokens()];
        for (int i = 0; i < pass.numTokens(); i++) {
            require(numbers[i] >= 0 && numbers[i] < table.rows() - first, what, numbers[i], table.rows() - first);
            rows[i] = numbers[i] + first;
        }
        return ops.residual(x, ops.embed(table, rows, pass.numTokens()), 1);
    }
}
