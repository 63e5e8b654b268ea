package glia.train.optim;

import glia.tensor.Memory;
import java.util.Map;

/// NAdam: Adam with Nesterov momentum (Dozat 2016, https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ). As
/// `torch.optim.NAdam`, with the momentum schedule `μₜ = β₁·(1 - ½·0.96^(t·ψ))`.
///
/// ```
/// m ← β₁·m + (1-β₁)·g        v ← β₂·v + (1-β₂)·g²        d = √(v/(1-β₂ᵗ)) + ε
/// w ← w - η·(1-μₜ)/(1-Π_{i≤t} μᵢ)·g/d - η·μₜ₊₁/(1-Π_{i≤t+1} μᵢ)·m/d
/// ```
///
/// @param momentumDecay ψ
/// @param decoupled whether weights decay as in AdamW; otherwise the decay is a part of the gradient
public record NAdam(double beta1, double beta2, double epsilon, double momentumDecay, boolean decoupled)
        implements UpdateRule {
    public NAdam {
        Checks.beta("beta1", beta1);
        Checks.beta("beta2", beta2);
        Checks.epsilon(epsilon);
        Checks.notNegative("momentum decay", momentumDecay);
    }

    /// β₁ 0.9, β₂ 0.999, ε 1e-8, ψ 0.004.
    public NAdam() {
        this(0.9, 0.999, 1e-8, 4e-3, false);
    }

    @Override
    public String name() {
        return "nadam";
    }

    @Override
    public Map<String, long[]> state(long[] shape) {
        Map<String, long[]> state = Moments.state(shape);
        state.put("mu_product", new long[] {1});
        return state;
    }

    @Override
    public void apply(ParameterUpdate u) {
        long t = u.step();
        double mu = momentum(t);
        double next = momentum(t + 1);
        long product = u.address("mu_product");
        double all = (t == 1 ? 1 : Memory.f32(product)) * mu;
        Memory.f32(product, (float) all);
        long w = u.weightAddress();
        long g = u.gradientAddress();
        Moments moments = new Moments(u, beta1, beta2);
        float scale = u.gradientScale();
        float decay = decoupled ? 0 : (float) u.weightDecay();
        float keep = decoupled ? (float) (1 - u.learningRate() * u.weightDecay()) : 1;
        float eps = (float) epsilon;
        float root = (float) (1 / Math.sqrt(1 - Math.pow(beta2, t)));
        float ofGradient = (float) (u.learningRate() * (1 - mu) / (1 - all));
        float ofMoment = (float) (u.learningRate() * next / (1 - all * next));
        u.elements((from, to) -> {
            for (long i = from; i < to; i += 4) {
                float old = keep * Memory.f32(w + i);
                float gi = scale * Memory.f32(g + i) + decay * old;
                float mi = moments.first(i, gi);
                float vi = moments.second(i, gi);
                float d = (float) Math.sqrt(vi) * root + eps;
                Memory.f32(w + i, old - (ofGradient * gi + ofMoment * mi) / d);
            }
        });
    }

    private double momentum(long t) {
        return beta1 * (1 - 0.5 * Math.pow(0.96, t * momentumDecay));
    }
}
