package glia.train.optim;

import glia.tensor.Memory;
import glia.train.optim.ParameterUpdate.Average;
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
    public Map<String, long[]> state(long[] shape) {
        return UpdateRule.tensors(shape, AdamW.FIRST);
    }

    @Override
    public void apply(ParameterUpdate u) {
        Average m = u.average(AdamW.FIRST, beta2);
        float rate = (float) u.learningRate();
        float keep = (float) beta1;
        float add = (float) (1 - beta1);
        u.weights(true, (i, w, g) -> {
            float sign = Math.signum(keep * Memory.f32(m.address() + i) + add * g);
            m.of(i, g);
            return w - rate * sign;
        });
    }
}
