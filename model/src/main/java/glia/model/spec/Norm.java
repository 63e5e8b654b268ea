package glia.model.spec;

/// What normalises a row before or after a mixer.
public sealed interface Norm {
    /// Leaves the row as it is and has no weights.
    record None() implements Norm { }

    /// Root mean square norm, `x / √(mean(x²) + eps) · (w + offset)`. https://arxiv.org/abs/1910.07467
    ///
    /// @param offset 0, or 1 in families that store the weight's distance from 1
    record Rms(float eps, float offset) implements Norm { }

    /// Layer norm with a bias. https://arxiv.org/abs/1607.06450
    record Layer(float eps) implements Norm { }
}
