package glia.model.spec;

import glia.tensor.kernel.Activation;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// The head, from the last hidden state h to logits: `rule(W · transform(h) + b)`. A language model has a logit for
/// each token of the vocabulary, a classifier one for each class.
///
/// @param bias whether there is a b `[V]`
/// @param classes the classes of a classifier; empty for a language model
/// @param vectorSize the size of the vectors that W makes of tokens instead of logits, for late interaction as in
///     ColBERT (https://arxiv.org/abs/2004.12832); empty for other models
public record Head(Matrix matrix, Transform transform, Bias bias, Logits logits, Optional<Classes> classes,
        OptionalInt vectorSize) {
    /// Tied to the token embedding.
    public static final Head TIED = new Head(Matrix.TIED, new Transform.None(), Bias.NONE, new Logits.Plain());
    /// A separate matrix.
    public static final Head SEPARATE = TIED.with(Matrix.SEPARATE);
    /// No head: the model outputs hidden states, for text embeddings.
    public static final Head ABSENT = TIED.with(Matrix.ABSENT);

    /// The head of a language model.
    public Head(Matrix matrix, Transform transform, Bias bias, Logits logits) {
        this(matrix, transform, bias, logits, Optional.empty(), OptionalInt.empty());
    }

    /// A head that makes a vector of each token, `W · h`.
    public static Head vectors(int size) {
        return new Head(Matrix.SEPARATE, new Transform.None(), Bias.NONE, new Logits.Plain(), Optional.empty(),
                OptionalInt.of(size));
    }

    /// The head of a classifier.
    public static Head classifier(Classes classes, Transform transform, boolean biased) {
        return new Head(Matrix.SEPARATE, transform, biased ? Bias.ALL : Bias.NONE, new Logits.Plain(),
                Optional.of(classes), OptionalInt.empty());
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
        /// `A · h`, `[D]` to `[size]`.
        record Linear(int size) implements Transform {
            public Linear {
                NumberRange.SIZE.require("size of the head's inputs", size);
            }
        }

        /// No transform.
        Transform NONE = new None();

        record None() implements Transform { }

        /// `norm(f(A · h + a))`, `[D]` to `[size]`, as in masked language models.
        /// https://arxiv.org/abs/1810.04805
        ///
        /// @param bias whether there is an a
        /// @param size the width of a factorized embedding that W is tied to; empty for D
        record Dense(Activation activation, Norm norm, Bias bias, OptionalInt size) implements Transform {
            /// `[D]` to `[D]`.
            public Dense(Activation activation, Norm norm, Bias bias) {
                this(activation, norm, bias, OptionalInt.empty());
            }
        }
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

        /// The lowest logit for some tokens, which are never generated, such as those of pictures.
        record Masked(List<Integer> tokens) implements Logits {
            public Masked {
                tokens = List.copyOf(tokens);
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
        return new Head(other, transform, bias, logits, classes, vectorSize);
    }

    /// A copy with another function of the logits.
    public Head with(Logits other) {
        return new Head(matrix, transform, bias, other, classes, vectorSize);
    }

    /// A copy with another transform.
    public Head with(Transform other) {
        return new Head(matrix, other, bias, logits, classes, vectorSize);
    }

    /// Whether it gives probabilities of tokens.
    public boolean predictsTokens() {
        return matrix != Matrix.ABSENT && classes.isEmpty() && vectorSize.isEmpty();
    }

    /// The number of logits.
    int numLogits(int vocabSize) {
        return classes.isPresent() ? classes.get().size() : vectorSize.orElse(vocabSize);
    }

    /// Adds the parameters; W is `[V, D]`.
    void parameters(Shapes shapes, int vocabSize, int hidden) {
        if (matrix == Matrix.ABSENT) {
            return;
        }
        int inputs = hidden;
        if (transform instanceof Transform.Linear linear) {
            inputs = linear.size();
            shapes.add(Role.TRANSFORM, inputs, hidden);
        } else if (transform instanceof Transform.Dense dense) {
            inputs = dense.size().orElse(hidden);
            shapes.linear(Role.TRANSFORM, Role.TRANSFORM_BIAS, dense.bias() != Bias.NONE, inputs, hidden);
            shapes.norm(dense.norm(), Role.TRANSFORM_NORM_WEIGHT, Role.TRANSFORM_NORM_BIAS, inputs);
        }
        if (matrix == Matrix.SEPARATE) {
            shapes.add(Role.HEAD, numLogits(vocabSize), inputs);
        }
        if (bias != Bias.NONE) {
            shapes.add(Role.HEAD_BIAS, numLogits(vocabSize));
        }
    }
}
