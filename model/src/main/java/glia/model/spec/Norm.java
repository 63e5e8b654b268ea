package glia.model.spec;

/// What normalizes a row before or after a mixer.
public sealed interface Norm {
    /// Leaves the row as it is and has no weights.
    record None() implements Norm { }

    /// Root mean square norm, `x / √(mean(x²) + eps) · (w + offset)`. https://arxiv.org/abs/1910.07467
    ///
    /// @param offset 0, or 1 in families that store the weight's distance from 1
    record Rms(float eps, float offset) implements Norm {
        public Rms {
            requireSmall(eps);
        }
    }

    /// Layer norm with a bias. https://arxiv.org/abs/1607.06450
    record Layer(float eps) implements Norm {
        public Layer {
            requireSmall(eps);
        }
    }

    /// Root mean square norm without weights.
    record UnitRms(float eps) implements Norm {
        public UnitRms {
            requireSmall(eps);
        }
    }

    /// Layer norm with a weight and no bias.
    record UnbiasedLayer(float eps) implements Norm {
        public UnbiasedLayer {
            requireSmall(eps);
        }
    }

    private static void requireSmall(float eps) {
        if (!(eps >= 0 && eps <= 1)) {
            throw new IllegalArgumentException("a norm with epsilon " + eps + ", expected a small positive number");
        }
    }
}
