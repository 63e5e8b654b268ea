package glia.model.spec;

/// How tokens become the first hidden state: `norm(scale · E[token] + P[position] + S[segment])`.
///
/// @param numSegments the kinds of segments, such as the two sentences of a pair, that tokens may belong to; 0 if there
///     is no S. https://arxiv.org/abs/1810.04805
public record Embedding(Positions positions, float scale, int numSegments, Norm norm) {
    /// Only the token's row.
    public static final Embedding PLAIN = scaled(1);

    public Embedding {
        if (!Float.isFinite(scale) || numSegments < 0) {
            throw new IllegalArgumentException("embeddings times " + scale + " with " + numSegments + " segments");
        }
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
        shapes.norm(norm, Role.EMBEDDING_NORM_WEIGHT, Role.EMBEDDING_NORM_BIAS, hidden);
    }
}
