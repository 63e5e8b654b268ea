package glia.train.optim;

import glia.tensor.Memory;
import glia.train.optim.ParameterUpdate.Average;
import java.util.Map;

/// Adamax: Adam with the infinity norm (Kingma and Ba, section 7.1, https://arxiv.org/abs/1412.6980). As
/// `torch.optim.Adamax`.
///
/// ```
/// g ← g + λ·w        m ← β₁·m + (1-β₁)·g        u ← max(β₂·u, |g| + ε)
/// w ← w - η/(1-β₁ᵗ)·m/u
/// ```
public record Adamax(double beta1, double beta2, double epsilon) implements UpdateRule {
    public Adamax {
        Checks.beta("beta1", beta1);
        Checks.beta("beta2", beta2);
        Checks.positive("epsilon", epsilon);
    }

    /// β₁ 0.9, β₂ 0.999, ε 1e-8.
    public Adamax() {
        this(0.9, 0.999, 1e-8);
    }

    @Override
    public Map<String, long[]> state(long[] shape) {
        return UpdateRule.tensors(shape, AdamW.FIRST, "exp_inf");
    }

    @Override
    public void apply(ParameterUpdate u) {
        Average m = u.average(AdamW.FIRST, beta1);
        long norm = u.address("exp_inf");
        float rate = (float) (u.learningRate() / (1 - Math.pow(beta1, u.step())));
        float keep = (float) beta2;
        float eps = (float) epsilon;
        u.weights(false, (i, w, g) -> {
            float most = Math.max(keep * Memory.f32(norm + i), Math.abs(g) + eps);
            Memory.f32(norm + i, most);
            return w - rate * m.of(i, g) / most;
        });
    }
}
