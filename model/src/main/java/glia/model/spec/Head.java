package glia.model.spec;

import glia.tensor.kernel.Activation;
import java.util.Optional;

/// The head, from the last hidden state h to logits: `rule(W · transform(h) + b)`. A language model has a logit for
/// each token of the vocabulary, a classifier one for each class.
///
/// @param bias whether there is a b `[V]`
/// @param classes the classes of a classifier; empty for a language model
public record Head(Matrix matrix, Transform transform, Bias bias, Logits logits, Optional<Classes> classes) {
    /// Tied to the token embedding.
    public static final Head TIED = new Head(Matrix.TIED, new Transform.None(), Bias.NONE, new Logits.Plain());
    /// A separate matrix.
    public static final Head SEPARATE = TIED.with(Matrix.SEPARATE);
    /// No head: the model outputs hidden states, for text embeddings.
    public static final Head ABSENT = TIED.with(Matrix.ABSENT);

    /// The head of a language model.
    public Head(Matrix matrix, Transform transform, Bias bias, Logits logits) {
        this(matrix, transform, bias, logits, Optional.empty());
    }

    /// The head of a classifier.
    public static Head classifier(Classes classes, Transform transform, boolean biased) {
        return new Head(Matrix.SEPARATE, transform, biased ? Bias.ALL : Bias.NONE, new Logits.Plain(),
                Optional.of(classes));
    }

    /// The matrix W.
    public enum Matrix {
        /// The token embedding. https://arxiv.org/abs/1608.05859
        TIED,
        SEPARATE,
        ABSENT
    }

    /// A transform of the last hidden state before W.
    public sealed interface Transform {
        /// No transform.
        Transform NONE = new None();

        record None() implements Transform { }

        /// `norm(f(A · h + a))`, `[D]` to `[D]`, as in masked language models.
        /// https://arxiv.org/abs/1810.04805
        ///
        /// @param bias whether there is an a
        record Dense(Activation activation, Norm norm, Bias bias) implements Transform { }
    }

    /// A function of the logits.
    public sealed interface Logits {
        record Plain() implements Logits { }

        /// `factor · z`
        record Scaled(float factor) implements Logits {
            public Scaled {
                NumberRange.FACTOR.require("logit scale", factor);
            }
        }

        /// Soft-capping, `cap · tanh(z / cap)`. https://arxiv.org/abs/2408.00118
        record Capped(float cap) implements Logits {
            public Capped {
                NumberRange.CAP.require("cap of logits", cap);
            }
        }
    }

    /// A copy with another matrix.
    public Head with(Matrix other) {
        return new Head(other, transform, bias, logits, classes);
    }

    /// A copy with another function of the logits.
    public Head with(Logits other) {
        return new Head(matrix, transform, bias, other, classes);
    }

    /// The number of logits.
    int numLogits(int vocabSize) {
        return classes.isPresent() ? classes.get().size() : vocabSize;
    }

    /// Adds the parameters; W is `[V, D]`.
    void parameters(Shapes shapes, int vocabSize, int hidden) {
        if (matrix == Matrix.ABSENT) {
            return;
        }
        if (transform instanceof Transform.Dense dense) {
            shapes.linear(Role.TRANSFORM, Role.TRANSFORM_BIAS, dense.bias() != Bias.NONE, hidden, hidden);
            shapes.norm(dense.norm(), Role.TRANSFORM_NORM_WEIGHT, Role.TRANSFORM_NORM_BIAS, hidden);
        }
        if (matrix == Matrix.SEPARATE) {
            shapes.add(Role.HEAD, numLogits(vocabSize), hidden);
        }
        if (bias != Bias.NONE) {
            shapes.add(Role.HEAD_BIAS, numLogits(vocabSize));
        }
    }
}
