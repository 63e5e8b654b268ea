package glia.model.spec;

import glia.tensor.kernel.Activation;

/// How the last hidden state h becomes logits: `rule(W · transform(h) + b)`.
///
/// @param bias whether there is a b, a number for each token of the vocabulary
public record Head(Matrix matrix, Transform transform, Bias bias, Logits logits) {
    /// The token embedding again.
    public static final Head TIED = new Head(Matrix.TIED, new Transform.None(), Bias.NONE, new Logits.Plain());
    /// A matrix of its own.
    public static final Head SEPARATE = TIED.with(Matrix.SEPARATE);
    /// None: the model ends with hidden states, of which embeddings of texts are made.
    public static final Head ABSENT = TIED.with(Matrix.ABSENT);

    /// Where W comes from.
    public enum Matrix {
        /// It is the token embedding. https://arxiv.org/abs/1608.05859
        TIED,
        SEPARATE,
        ABSENT
    }

    /// What is done to the last hidden state first.
    public sealed interface Transform {
        record None() implements Transform { }

        /// `norm(f(A · h + a))`, `[D]` to `[D]`: the head of masked language models.
        /// https://arxiv.org/abs/1810.04805
        ///
        /// @param bias whether there is an a
        record Dense(Activation activation, Norm norm, Bias bias) implements Transform { }
    }

    /// What is done to logits.
    public sealed interface Logits {
        record Plain() implements Logits { }

        /// `factor · z`
        record Scaled(float factor) implements Logits {
            public Scaled {
                NumberRange.FACTOR.require("logit scale", factor);
            }
        }

        /// `cap · tanh(z / cap)`: keeps logits within ±cap. https://arxiv.org/abs/2408.00118
        record Capped(float cap) implements Logits {
            public Capped {
                NumberRange.CAP.require("cap of logits", cap);
            }
        }
    }

    /// The same with a matrix from elsewhere.
    public Head with(Matrix other) {
        return new Head(other, transform, bias, logits);
    }

    /// The same with another rule.
    public Head with(Logits other) {
        return new Head(matrix, transform, bias, other);
    }

    /// The parameters, of which W is `[V, D]`.
    void parameters(Shapes shapes, int vocabSize, int hidden) {
        if (matrix == Matrix.ABSENT) {
            return;
        }
        if (transform instanceof Transform.Dense dense) {
            shapes.linear(Role.TRANSFORM, Role.TRANSFORM_BIAS, dense.bias() != Bias.NONE, hidden, hidden);
            shapes.norm(dense.norm(), Role.TRANSFORM_NORM_WEIGHT, Role.TRANSFORM_NORM_BIAS, hidden);
        }
        if (matrix == Matrix.SEPARATE) {
            shapes.add(Role.HEAD, vocabSize, hidden);
        }
        if (bias != Bias.NONE) {
            shapes.add(Role.HEAD_BIAS, vocabSize);
        }
    }
}
