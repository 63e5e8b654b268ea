package glia.tensor.kernel;

/// The factors of one step of Adam or AdamW, with the bias corrections folded in. See [GradientKernels#adam].
///
/// @param gradientScale factor of the gradient, such as that of clipping
/// @param decay λ of Adam's L2 term: the gradient gets `decay · w`
/// @param keep1 β₁
/// @param add1 1 - β₁
/// @param keep2 β₂
/// @param add2 1 - β₂
/// @param rate `η / (1 - β₁ᵗ)`
/// @param root `1 / √(1 - β₂ᵗ)`
/// @param epsilon ε
/// @param keepWeight `1 - η · λ` of AdamW's decoupled decay
public record AdamStep(float gradientScale, float decay, float keep1, float add1, float keep2, float add2, float rate,
        float root, float epsilon, float keepWeight) {
    /// The factors of a step.
    ///
    /// @param step 1 for the first
    /// @param decay λ as a term of the gradient
    /// @param keepWeight factor of the weight before the step
    public static AdamStep of(double beta1, double beta2, double epsilon, double learningRate, long step,
            float gradientScale, float decay, float keepWeight) {
        return new AdamStep(gradientScale, decay, (float) beta1, (float) (1 - beta1), (float) beta2,
                (float) (1 - beta2), (float) (learningRate / (1 - Math.pow(beta1, step))),
                (float) (1 / Math.sqrt(1 - Math.pow(beta2, step))), (float) epsilon, keepWeight);
    }
}
