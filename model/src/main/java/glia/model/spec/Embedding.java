package glia.model.spec;

import java.util.Optional;
import java.util.OptionalInt;

/// How tokens become the first hidden state: `norm(scale · E[token] + P[position] + S[segment])`.
///
/// @param numSegments the kinds of segments, such as the two sentences of a pair, that tokens may belong to; 0 if there
///     is no S. https://arxiv.org/abs/1810.04805
/// @param padding the token that fills up batches, whose row of E learns nothing from being looked up, though it may
///     from a head that shares E. https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html
/// @param perLayer what layers are told of the tokens besides
public record Embedding(Positions positions, float scale, int numSegments, Norm norm, OptionalInt padding,
        Optional<PerLayerEmbeddings> perLayer) {
    /// Only the token's row.
    public static final Embedding PLAIN = scaled(1);

    public Embedding {
        NumberRange.FACTOR.require("embedding scale", scale);
        NumberRange.COUNT.require("number of segments", numSegments);
    }

    /// An embedding each of whose rows learns.
    public Embedding(Positions positions, float scale, int numSegments, Norm norm) {
        this(positions, scale, numSegments, norm, OptionalInt.empty(), Optional.empty());
    }

    /// The same with a token that fills up batches.
    public Embedding withPadding(int token) {
        return new Embedding(positions, scale, numSegments, norm, OptionalInt.of(token), perLayer);
    }

    /// The same where layers are told more.
    public Embedding with(PerLayerEmbeddings more) {
        return new Embedding(positions, scale, numSegments, norm, padding, Optional.of(more));
    }

    /// `scale · E[token]`.
    public static Embedding scaled(double scale) {
        return new Embedding(new Positions.None(), (float) scale, 0, new Norm.None());
    }

    /// The parameters; E is `[V, D]`.
    void parameters(Shapes shapes, int vocabSize, int hidden) {
        shapes.add(Role.EMBEDDING, vocabSize, hidden);
        switch (positions) {
            case Positions.None none -> { }
            case Positions.Learned learned -> shapes.add(Role.POSITIONS, learned.count(), hidden);
        }
        if (numSegments > 0) {
            shapes.add(Role.SEGMENTS, numSegments, hidden);
        }
        perLayer.ifPresent(inputs -> inputs.parameters(shapes, hidden));
        shapes.norm(norm, Role.EMBEDDING_NORM_WEIGHT, Role.EMBEDDING_NORM_BIAS, hidden);
    }
}
