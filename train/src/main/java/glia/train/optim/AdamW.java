package glia.train.optim;

import java.util.Map;

/// AdamW (Loshchilov and Hutter, https://arxiv.org/abs/1711.05101): Adam with decoupled weight decay.
///
/// ```
/// w ← w·(1 - η·λ)
/// m ← β₁·m + (1-β₁)·g        v ← β₂·v + (1-β₂)·g²
/// w ← w - η·(m / (1-β₁ᵗ)) / (√(v / (1-β₂ᵗ)) + ε)
/// ```
/// With `amsgrad` the largest v so far takes the place of v (https://arxiv.org/abs/1904.09237). As
/// `torch.optim.AdamW`.
public record AdamW(double beta1, double beta2, double epsilon, boolean amsgrad) implements UpdateRule {
    public AdamW {
        Checks.beta("beta1", beta1);
        Checks.beta("beta2", beta2);
        Checks.epsilon(epsilon);
    }

    /// β₁ 0.9, β₂ 0.999, ε 1e-8.
    public AdamW() {
        this(0.9, 0.999, 1e-8, false);
    }

    public AdamW(double beta1, double beta2) {
        this(beta1, beta2, 1e-8, false);
    }

    @Override
    public Map<String, long[]> state(long[] shape) {
        return Adam.state(shape, amsgrad);
    }

    @Override
    public void apply(ParameterUpdate u) {
        Adam.step(u, beta1, beta2, epsilon, amsgrad, true);
    }
}
