package glia.model.spec;

/// What keeps queries and keys from growing without bound, between their projections and the scores.
public sealed interface QkNorm {
    record None() implements QkNorm { }

    /// A norm of each head before rotation, one weight of a head's size for queries and one for keys.
    /// https://arxiv.org/abs/2010.04245
    record Heads(Norm.Rms norm) implements QkNorm { }

    /// A norm of all heads together before rotation, with weights of the size of all queries and of all keys.
    record Whole(Norm.Rms norm) implements QkNorm { }

    /// A norm of each head after rotation, without weights.
    record Rotated(float eps) implements QkNorm {
        public Rotated {
            NumberRange.EPSILON.require("epsilon of the head norm", eps);
        }
    }

    /// No norm: queries, keys and values are cut off at ±limit.
    record Clipped(float limit) implements QkNorm {
        public Clipped {
            NumberRange.CAP.require("limit of queries, keys and values", limit);
        }
    }

    /// A norm of each head before rotation, or none.
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
        return new IllegalArgumentException("heads are normed by their mean square, not by " + norm);
    }
}
