package glia.train.optim;

import glia.tensor.Memory;
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
    public String name() {
        return "radam";
    }

    @Override
    public Map<String, long[]> state(long[] shape) {
        return Moments.state(shape);
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
        long w = u.weightAddress();
        long g = u.gradientAddress();
        Moments moments = new Moments(u, beta1, beta2);
        float scale = u.gradientScale();
        float decay = decoupled ? 0 : (float) u.weightDecay();
        float keep = decoupled ? (float) (1 - u.learningRate() * u.weightDecay()) : 1;
        float eps = (float) epsilon;
        u.elements((from, to) -> {
            for (long i = from; i < to; i += 4) {
                float old = keep * Memory.f32(w + i);
                float gi = scale * Memory.f32(g + i) + decay * old;
                float mi = moments.first(i, gi);
                float vi = moments.second(i, gi);
                float adapted = rectified ? factor / ((float) Math.sqrt(vi) + eps) : 1;
                Memory.f32(w + i, old - rate * mi * adapted);
            }
        });
    }
}
