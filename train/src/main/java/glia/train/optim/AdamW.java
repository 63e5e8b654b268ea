package glia.train.optim;

import glia.tensor.Memory;
import glia.tensor.kernel.GradientKernels.AdamStep;
import glia.train.optim.ParameterUpdate.Average;
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
///
/// @param decoupled false for Adam (Kingma and Ba, https://arxiv.org/abs/1412.6980), whose weight decay is a part of
///     the gradient: `g ← g + λ·w` in place of the first line, as `torch.optim.Adam`
public record AdamW(double beta1, double beta2, double epsilon, boolean amsgrad, boolean decoupled)
        implements UpdateRule {
    static final String FIRST = "exp_avg";
    static final String SECOND = "exp_avg_sq";
    private static final String LARGEST = "max_exp_avg_sq";

    public AdamW {
        Checks.beta("beta1", beta1);
        Checks.beta("beta2", beta2);
        Checks.epsilon(epsilon);
    }

    /// β₁ 0.9, β₂ 0.999, ε 1e-8.
    public AdamW() {
        this(0.9, 0.999);
    }

    public AdamW(double beta1, double beta2) {
        this(beta1, beta2, 1e-8, false);
    }

    public AdamW(double beta1, double beta2, double epsilon, boolean amsgrad) {
        this(beta1, beta2, epsilon, amsgrad, true);
    }

    @Override
    public String name() {
        return decoupled ? "adamw" : "adam";
    }

    @Override
    public Map<String, long[]> state(long[] shape) {
        Map<String, long[]> state = UpdateRule.tensors(shape, FIRST, SECOND);
        if (amsgrad) {
            state.put(LARGEST, shape);
        }
        return state;
    }

    @Override
    public void apply(ParameterUpdate u) {
        AdamStep s = AdamStep.of(beta1, beta2, epsilon, u.learningRate(), u.step(), u.gradientScale(),
                decoupled ? 0 : (float) u.weightDecay(),
                decoupled ? (float) (1 - u.learningRate() * u.weightDecay()) : 1);
        if (!amsgrad) {
            u.kernels().gradients().adam(u.weight(), u.state().get(FIRST), u.state().get(SECOND), u.gradient(), s);
            return;
        }
        Average m = u.average(FIRST, beta1);
        Average v = u.average(SECOND, beta2);
        long largest = u.address(LARGEST);
        u.weights(decoupled, (i, w, g) -> {
            float most = Math.max(v.ofSquare(i, g), Memory.f32(largest + i));
            Memory.f32(largest + i, most);
            return w - s.rate() * m.of(i, g) / ((float) Math.sqrt(most) * s.root() + s.epsilon());
        });
    }
}
