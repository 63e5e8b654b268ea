package glia.tensor.kernel;

/// The limits to which the time step Δ of a state-space model is clamped.
public record StepLimits(float min, float max) {
    /// No limits; Δ is positive by construction.
    public static final StepLimits NONE = new StepLimits(0, Float.POSITIVE_INFINITY);

    public StepLimits {
        if (!(min >= 0 && max > min)) {
            throw new IllegalArgumentException("time steps between " + min + " and " + max);
        }
    }
}
