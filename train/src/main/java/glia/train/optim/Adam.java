package glia.train.optim;

import glia.tensor.Memory;
import glia.tensor.kernel.GradientKernels.AdamStep;
import glia.train.optim.ParameterUpdate.Average;
import java.util.Map;

/// Adam (Kingma and Ba, https://arxiv.org/abs/1412.6980), with weight decay as an L2 term of the gradient: [AdamW]
/// without its first line, and `g ← g + λ·w`. As `torch.optim.Adam`.
public record Adam(double beta1, double beta2, double epsilon, boolean amsgrad) implements UpdateRule {
    static final String FIRST = "exp_avg";
    static final String SECOND = "exp_avg_sq";
    private static final String LARGEST = "max_exp_avg_sq";

    public Adam {
        Checks.beta("beta1", beta1);
        Checks.beta("beta2", beta2);
        Checks.epsilon(epsilon);
    }

    /// β₁ 0.9, β₂ 0.999, ε 1e-8.
    public Adam() {
        this(0.9, 0.999, 1e-8, false);
    }

    @Override
    public Map<String, long[]> state(long[] shape) {
        return state(shape, amsgrad);
    }

    @Override
    public void apply(ParameterUpdate u) {
        step(u, beta1, beta2, epsilon, amsgrad, false);
    }

    /// First and second moment, and the largest second moment where it is used.
    static Map<String, long[]> state(long[] shape, boolean amsgrad) {
        Map<String, long[]> state = UpdateRule.tensors(shape, FIRST, SECOND);
        if (amsgrad) {
            state.put(LARGEST, shape);
        }
        return state;
    }

    /// One step of Adam or AdamW. With `amsgrad` the largest second moment so far takes the place of the second moment.
    static void step(ParameterUpdate u, double beta1, double beta2, double epsilon, boolean amsgrad,
            boolean decoupled) {
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
