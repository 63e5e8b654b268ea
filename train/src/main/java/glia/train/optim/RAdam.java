package glia.train.optim;

import glia.train.optim.ParameterUpdate.Average;
import java.util.Map;

/// RAdam: Adam with a rectified variance (Liu et al., https://arxiv.org/abs/1908.03265). As `torch.optim.RAdam`.
///
/// ```
/// ρ∞ = 2/(1-β₂) - 1        ρₜ = ρ∞ - 2·t·β₂ᵗ/(1-β₂ᵗ)        m̂ = m/(1-β₁ᵗ)
/// ρₜ > 5: w ← w - η·m̂·r·√(1-β₂ᵗ)/(√v + ε),  r = √((ρₜ-4)(ρₜ-2)ρ∞ / ((ρ∞-4)(ρ∞-2)ρₜ))
/// else:   w ← w - η·m̂
/// ```
///
/// @param decoupled whether weights decay as in AdamW; otherwise the decay is a part of the gradient
public record RAdam(double beta1, double beta2, double epsilon, boolean decoupled)
        implements UpdateRule {
    public RAdam {
        Checks.beta("beta1", beta1);
        Checks.beta("beta2", beta2);
        Checks.epsilon(epsilon);
    }

    /// β₁ 0.9, β₂ 0.999, ε 1e-8.
    public RAdam() {
        this(0.9, 0.999, 1e-8, false);
    }

    @Override
    public Map<String, long[]> state(long[] shape) {
        return UpdateRule.tensors(shape, AdamW.FIRST, AdamW.SECOND);
    }

    @Override
    public void apply(ParameterUpdate u) {
        long t = u.step();
        double bias2 = 1 - Math.pow(beta2, t);
        double limit = 2 / (1 - beta2) - 1;
        double length = limit - 2 * t * Math.pow(beta2, t) / bias2;
        boolean rectified = length > 5;
        double r = rectified ? Math.sqrt((length - 4) * (length - 2) * limit
                / ((limit - 4) * (limit - 2) * length)) : 0;
        float rate = (float) (u.learningRate() / (1 - Math.pow(beta1, t)));
        float factor = (float) (r * Math.sqrt(bias2));
        Average m = u.average(AdamW.FIRST, beta1);
        Average v = u.average(AdamW.SECOND, beta2);
        float eps = (float) epsilon;
        u.weights(decoupled, (i, w, g) -> {
            float vi = v.ofSquare(i, g);
            return w - rate * m.of(i, g) * (rectified ? factor / ((float) Math.sqrt(vi) + eps) : 1);
        });
    }
}
