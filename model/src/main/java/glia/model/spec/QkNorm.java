package glia.model.spec;

/// The norm of queries and keys before the scores.
public sealed interface QkNorm {
    record None() implements QkNorm { }

    /// A norm of each head before RoPE, with weights of a head's size for queries and for keys.
    /// https://arxiv.org/abs/2010.04245
    record Heads(Norm.Rms norm) implements QkNorm { }

    /// A norm over all heads together before RoPE, with weights of the size of all queries and of all keys.
    record Whole(Norm.Rms norm) implements QkNorm { }

    /// A layer norm of each head before RoPE, with weights of its own for each head.
    ///
    /// @param isApart whether each head's weights are a parameter; else those of all heads are one
    /// @param biased whether there are biases too, of all heads in one
    record HeadLayers(float eps, boolean isApart, boolean biased) implements QkNorm {
        public HeadLayers {
            NumberRange.EPSILON.require("epsilon of the head norm", eps);
        }
    }

    /// A layer norm with bias of each head before RoPE, with weights of a head's size for queries and for keys.
    /// https://arxiv.org/abs/2302.05442
    record Layers(Norm.Layer norm) implements QkNorm { }

    /// An RMS norm of each head after RoPE, without weights or with weights of a head's size for queries and for keys.
    record Rotated(Norm norm) implements QkNorm {
        public Rotated {
            if (!(norm instanceof Norm.UnitRms || norm instanceof Norm.Rms)) {
                throw unknown(norm);
            }
        }
    }

    /// Queries, keys and values are clipped to ±limit.
    ///
    /// @param first the norm of queries and keys before that
    record Clipped(float limit, QkNorm first) implements QkNorm {
        public Clipped {
            NumberRange.CAP.require("limit of queries, keys and values", limit);
            if (!(first instanceof None || first instanceof Whole)) {
                throw new IllegalArgumentException("clipped queries and keys have no norm or a norm over all heads");
            }
        }

        /// Without a norm.
        public Clipped(float limit) {
            this(limit, new None());
        }
    }

    /// A norm of each head before RoPE, or none.
    static QkNorm heads(Norm norm) {
        return switch (norm) {
            case Norm.None none -> new None();
            case Norm.Rms rms -> new Heads(rms);
            case Norm.UnitRms n -> throw unknown(n);
            case Norm.UnitLayer n -> throw unknown(n);
            case Norm.Layer n -> throw unknown(n);
            case Norm.UnbiasedLayer n -> throw unknown(n);
            case Norm.LayerScale _, Norm.Signed _, Norm.Standardized _, Norm.BiasedRms _ -> throw unknown(norm);
        };
    }

    private static IllegalArgumentException unknown(Norm norm) {
        return new IllegalArgumentException("heads have an RMS norm, not " + norm);
    }
}
