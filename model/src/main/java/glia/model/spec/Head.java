package glia.model.spec;

/// How the last hidden state becomes logits: `rule(W · h)`.
public record Head(Matrix matrix, Logits logits) {
    /// The token embedding again.
    public static final Head TIED = new Head(Matrix.TIED, new Logits.Plain());
    /// A matrix of its own.
    public static final Head SEPARATE = new Head(Matrix.SEPARATE, new Logits.Plain());

    /// Where W comes from.
    public enum Matrix {
        /// It is the token embedding. https://arxiv.org/abs/1608.05859
        TIED,
        SEPARATE
    }

    /// What is done to logits.
    public sealed interface Logits {
        record Plain() implements Logits { }

        /// `factor · z`
        record Scaled(float factor) implements Logits { }

        /// `cap · tanh(z / cap)`: keeps logits within ±cap. https://arxiv.org/abs/2408.00118
        record Capped(float cap) implements Logits {
            public Capped {
                if (!(cap > 0) || Float.isInfinite(cap)) {
                    throw new IllegalArgumentException("logits capped at " + cap + ", expected a number above 0");
                }
            }
        }
    }

    /// The same with a matrix from elsewhere.
    public Head with(Matrix other) {
        return new Head(other, logits);
    }

    /// The same with another rule.
    public Head with(Logits other) {
        return new Head(matrix, other);
    }
}
