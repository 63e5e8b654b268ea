package glia.train.optim;

import glia.tensor.Memory;
import glia.train.optim.ParameterUpdate.Average;
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
    public Map<String, long[]> state(long[] shape) {
        Map<String, long[]> state = UpdateRule.tensors(shape, AdamW.FIRST, AdamW.SECOND);
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
        Average m = u.average(AdamW.FIRST, beta1);
        Average v = u.average(AdamW.SECOND, beta2);
        float eps = (float) epsilon;
        float root = (float) (1 / Math.sqrt(1 - Math.pow(beta2, t)));
        float ofGradient = (float) (u.learningRate() * (1 - mu) / (1 - all));
        float ofMoment = (float) (u.learningRate() * next / (1 - all * next));
        u.weights(decoupled, (i, w, g) -> w - (ofGradient * g + ofMoment * m.of(i, g))
                / ((float) Math.sqrt(v.ofSquare(i, g)) * root + eps));
    }

    private double momentum(long t) {
        return beta1 * (1 - 0.5 * Math.pow(0.96, t * momentumDecay));
    }
}
