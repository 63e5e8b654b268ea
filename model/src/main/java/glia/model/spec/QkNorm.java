package glia.model.spec;

/// The norm of queries and keys before the scores.
public sealed interface QkNorm {
    record None() implements QkNorm { }

    /// A norm of each head before RoPE, with weights of a head's size for queries and for keys.
    /// https://arxiv.org/abs/2010.04245
    record Heads(Norm.Rms norm) implements QkNorm { }

    /// A norm over all heads together before RoPE, with weights of the size of all queries and of all keys.
    record Whole(Norm.Rms norm) implements QkNorm { }

    /// A norm of each head after RoPE, without weights.
    record Rotated(float eps) implements QkNorm {
        public Rotated {
            NumberRange.EPSILON.require("epsilon of the head norm", eps);
        }
    }

    /// No norm: queries, keys and values are clipped to ±limit.
    record Clipped(float limit) implements QkNorm {
        public Clipped {
            NumberRange.CAP.require("limit of queries, keys and values", limit);
        }
    }

    /// A norm of each head before RoPE, or none.
    static QkNorm heads(Norm norm) {
        return switch (norm) {
            case Norm.None none -> new None();
            case Norm.Rms rms -> new Heads(rms);
            case Norm.UnitRms n -> throw unknown(n);
            case Norm.Layer n -> throw unknown(n);
            case Norm.UnbiasedLayer n -> throw unknown(n);
        };
    }

    private static IllegalArgumentException unknown(Norm norm) {
        return new IllegalArgumentException("heads have an RMS norm, not " + norm);
    }
}
