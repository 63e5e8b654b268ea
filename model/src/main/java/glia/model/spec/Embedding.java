package glia.model.spec;

/// How tokens become the first hidden state: `norm(scale · E[token] + P[position])`.
public record Embedding(Positions positions, float scale, Norm norm) {
    /// Only the token's row.
    public static final Embedding PLAIN = new Embedding(new Positions.None(), 1, new Norm.None());

    public Embedding {
        if (!Float.isFinite(scale)) {
            throw new IllegalArgumentException("embeddings times " + scale);
        }
    }

    /// `scale · E[token]`.
    public static Embedding scaled(double scale) {
        return new Embedding(new Positions.None(), (float) scale, new Norm.None());
    }
}
