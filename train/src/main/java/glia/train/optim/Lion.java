package glia.train.optim;

import glia.tensor.Memory;
import java.util.Map;

/// Lion (Chen et al., https://arxiv.org/abs/2302.06675): the sign of an interpolated momentum.
///
/// ```
/// w ← w·(1 - η·λ)
/// w ← w - η·sign(β₁·m + (1-β₁)·g)        m ← β₂·m + (1-β₂)·g
/// ```
public record Lion(double beta1, double beta2) implements UpdateRule {
    public Lion {
        Checks.beta("beta1", beta1);
        Checks.beta("beta2", beta2);
    }

    /// β₁ 0.9, β₂ 0.99.
    public Lion() {
        this(0.9, 0.99);
    }

    @Override
    public String name() {
        return "lion";
    }

    @Override
    public Map<String, long[]> state(long[] shape) {
        return Map.of("exp_avg", shape);
    }

    @Override
    public void apply(ParameterUpdate u) {
        long w = u.weightAddress();
        long g = u.gradientAddress();
        long m = u.address("exp_avg");
        float scale = u.gradientScale();
        float rate = (float) u.learningRate();
        float keepWeight = (float) (1 - u.learningRate() * u.weightDecay());
        float keep1 = (float) beta1;
        float add1 = (float) (1 - beta1);
        float keep2 = (float) beta2;
        float add2 = (float) (1 - beta2);
        u.elements((from, to) -> {
            for (long i = from; i < to; i += 4) {
                float gi = scale * Memory.f32(g + i);
                float mi = Memory.f32(m + i);
                Memory.f32(w + i, Memory.f32(w + i) * keepWeight - rate * Math.signum(keep1 * mi + add1 * gi));
                Memory.f32(m + i, keep2 * mi + add2 * gi);
            }
        });
    }
}
