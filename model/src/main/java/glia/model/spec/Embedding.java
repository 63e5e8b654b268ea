package glia.model.spec;

import java.util.Optional;
import java.util.OptionalInt;

/// The input embedding: `norm(scale · E[token] + P[position] + S[segment])`.
///
/// @param numSegments the number of segment (token type) embeddings, such as 2 for sentence pairs; 0 if there is no S.
///     https://arxiv.org/abs/1810.04805
/// @param padding the padding token, whose row of E gets no gradient from lookups, only from a tied head.
///     https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html
/// @param perLayer per-layer embeddings, if there are any
public record Embedding(Positions positions, float scale, int numSegments, Norm norm, OptionalInt padding,
        Optional<PerLayerEmbeddings> perLayer) {
    /// The token's row alone.
    public static final Embedding PLAIN = scaled(1);

    public Embedding {
        NumberRange.FACTOR.require("embedding scale", scale);
        NumberRange.COUNT.require("number of segments", numSegments);
    }

    /// An embedding without a padding token.
    public Embedding(Positions positions, float scale, int numSegments, Norm norm) {
        this(positions, scale, numSegments, norm, OptionalInt.empty(), Optional.empty());
    }

    /// A copy with a padding token.
    public Embedding withPadding(int token) {
        return new Embedding(positions, scale, numSegments, norm, OptionalInt.of(token), perLayer);
    }

    /// A copy with per-layer embeddings.
    public Embedding with(PerLayerEmbeddings more) {
        return new Embedding(positions, scale, numSegments, norm, padding, Optional.of(more));
    }

    /// `scale · E[token]`.
    public static Embedding scaled(double scale) {
        return new Embedding(new Positions.None(), (float) scale, 0, new Norm.None());
    }

    /// Adds the parameters; E is `[V, D]`.
    void parameters(Shapes shapes, int vocabSize, int hidden) {
        shapes.add(Role.EMBEDDING, vocabSize, hidden);
        switch (positions) {
            case Positions.None none -> { }
            case Positions.Learned learned -> shapes.add(Role.POSITIONS, learned.first() + learned.count(), hidden);
        }
        if (numSegments > 0) {
            shapes.add(Role.SEGMENTS, numSegments, hidden);
        }
        perLayer.ifPresent(inputs -> inputs.parameters(shapes, hidden));
        shapes.norm(norm, Role.EMBEDDING_NORM_WEIGHT, Role.EMBEDDING_NORM_BIAS, hidden);
    }
}
