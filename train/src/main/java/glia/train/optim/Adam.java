package glia.train.optim;

import glia.tensor.Memory;
import glia.tensor.kernel.GradientKernels.AdamStep;
import java.util.Map;

/// Adam (Kingma and Ba, https://arxiv.org/abs/1412.6980), with weight decay as an L2 term of the gradient: [AdamW]
/// without its first line, and `g ← g + λ·w`. As `torch.optim.Adam`.
public record Adam(double beta1, double beta2, double epsilon, boolean amsgrad) implements UpdateRule {
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
    public String name() {
        return "adam";
    }

    @Override
    public Map<String, long[]> state(long[] shape) {
        return state(shape, amsgrad);
    }

    @Override
    public void apply(ParameterUpdate u) {
        step(u, beta1, beta2, epsilon, amsgrad, (float) u.weightDecay(), 1);
    }

    /// First and second moment, and the largest second moment where it is used.
    static Map<String, long[]> state(long[] shape, boolean amsgrad) {
        Map<String, long[]> state = Moments.state(shape);
        if (amsgrad) {
            state.put(LARGEST, shape);
        }
        return state;
    }

    /// One step of Adam or AdamW.
    ///
    /// @param decay λ as a term of the gradient
    /// @param keepWeight the factor of the weight before the step
    static void step(ParameterUpdate u, double beta1, double beta2, double epsilon, boolean amsgrad, float decay,
            float keepWeight) {
        AdamStep step = AdamStep.of(beta1, beta2, epsilon, u.learningRate(), u.step(), u.gradientScale(), decay,
                keepWeight);
        if (amsgrad) {
            largest(u, new Moments(u, beta1, beta2), step);
        } else {
            u.kernels().gradients().adam(u.weight(), u.state().get(Moments.FIRST), u.state().get(Moments.SECOND),
                    u.gradient(), step);
        }
    }

    /// The step with the largest second moment so far in the place of the second moment.
    private static void largest(ParameterUpdate u, Moments moments, AdamStep s) {
        long w = u.weightAddress();
        long g = u.gradientAddress();
        long most = u.address(LARGEST);
        u.elements((from, to) -> {
            for (long i = from; i < to; i += 4) {
                float old = Memory.f32(w + i);
                float gi = s.gradientScale() * Memory.f32(g + i) + s.decay() * old;
                float mi = moments.first(i, gi);
                float vi = Math.max(moments.second(i, gi), Memory.f32(most + i));
                Memory.f32(most + i, vi);
                Memory.f32(w + i, s.keepWeight() * old
                        - s.rate() * mi / ((float) Math.sqrt(vi) * s.root() + s.epsilon()));
            }
        });
    }
}
