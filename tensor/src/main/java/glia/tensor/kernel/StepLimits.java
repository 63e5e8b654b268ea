package glia.tensor.kernel;

/// The least and the largest time step Δ of a state-space recurrence, which is clamped to them.
public record StepLimits(float least, float most) {
    /// No limits: Δ is positive as it is.
    public static final StepLimits NONE = new StepLimits(0, Float.POSITIVE_INFINITY);

    public StepLimits {
        if (!(least >= 0 && most > least)) {
            throw new IllegalArgumentException("time steps between " + least + " and " + most);
        }
    }
}
