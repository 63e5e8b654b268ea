package glia.model.spec;

/// The norm before or after a mixer.
public sealed interface Norm {
    /// No norm.
    record None() implements Norm { }

    /// Root mean square norm, `x / √(mean(x²) + eps) · (w + offset)`. https://arxiv.org/abs/1910.07467
    ///
    /// @param offset 0, or 1 in families that store weights minus 1
    record Rms(float eps, float offset) implements Norm {
        public Rms {
            NumberRange.EPSILON.require("epsilon of a norm", eps);
            NumberRange.WEIGHT.require("offset of a norm's weights", offset);
        }
    }

    /// Root mean square norm with a bias, `x / √(mean(x²) + eps) · w + b`.
    record BiasedRms(float eps) implements Norm {
        public BiasedRms {
            NumberRange.EPSILON.require("epsilon of a norm", eps);
        }
    }

    /// Layer norm with a bias, `(x - mean) / √(var + eps) · (w + offset) + b`. https://arxiv.org/abs/1607.06450
    ///
    /// @param offset 0, or 1 in families that store weights minus 1
    record Layer(float eps, float offset) implements Norm {
        public Layer {
            NumberRange.EPSILON.require("epsilon of a norm", eps);
            NumberRange.WEIGHT.require("offset of a norm's weights", offset);
        }

        /// With weights as they are.
        public Layer(float eps) {
            this(eps, 0);
        }
    }

    /// Layer norm without weights.
    record UnitLayer(float eps) implements Norm {
        public UnitLayer {
            NumberRange.EPSILON.require("epsilon of a norm", eps);
        }
    }

    /// Root mean square norm without weights.
    record UnitRms(float eps) implements Norm {
        public UnitRms {
            NumberRange.EPSILON.require("epsilon of a norm", eps);
        }
    }

    /// `w ⊙ x`: LayerScale, which scales and does not normalize. https://arxiv.org/abs/2103.17239
    record LayerScale() implements Norm { }

    /// `2x - 1`: numbers between 0 and 1 to numbers between -1 and 1.
    record Signed() implements Norm { }

    /// `(x - b) ⊙ w` with a stored mean b and a stored inverse deviation w.
    record Standardized() implements Norm { }

    /// Layer norm with a weight and no bias.
    record UnbiasedLayer(float eps) implements Norm {
        public UnbiasedLayer {
            NumberRange.EPSILON.require("epsilon of a norm", eps);
        }
    }
}
