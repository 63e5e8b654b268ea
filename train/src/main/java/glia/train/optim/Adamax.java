package glia.train.optim;

import glia.tensor.Memory;
import java.util.LinkedHashMap;
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
    public String name() {
        return "adamax";
    }

    @Override
    public Map<String, long[]> state(long[] shape) {
        Map<String, long[]> state = new LinkedHashMap<>();
        state.put("exp_avg", shape);
        state.put("exp_inf", shape);
        return state;
    }

    @Override
    public void apply(ParameterUpdate u) {
        long w = u.weightAddress();
        long g = u.gradientAddress();
        long m = u.address("exp_avg");
        long norm = u.address("exp_inf");
        float scale = u.gradientScale();
        float decay = (float) u.weightDecay();
        float rate = (float) (u.learningRate() / (1 - Math.pow(beta1, u.step())));
        float keep1 = (float) beta1;
        float add1 = (float) (1 - beta1);
        float keep2 = (float) beta2;
        float eps = (float) epsilon;
        u.elements((from, to) -> {
            for (long i = from; i < to; i += 4) {
                float old = Memory.f32(w + i);
                float gi = scale * Memory.f32(g + i) + decay * old;
                float mi = keep1 * Memory.f32(m + i) + add1 * gi;
                float ni = Math.max(keep2 * Memory.f32(norm + i), Math.abs(gi) + eps);
                Memory.f32(m + i, mi);
                Memory.f32(norm + i, ni);
                Memory.f32(w + i, old - rate * mi / ni);
            }
        });
    }
}
