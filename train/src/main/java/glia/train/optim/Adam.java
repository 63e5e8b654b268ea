package glia.train.optim;

import glia.tensor.Memory;
import java.util.LinkedHashMap;
import java.util.Map;

/// Adam (Kingma and Ba, https://arxiv.org/abs/1412.6980), with weight decay as an L2 term of the gradient: [AdamW]
/// without its first line, and `g ← g + λ·w`. As `torch.optim.Adam`.
public record Adam(double beta1, double beta2, double epsilon, boolean amsgrad) implements UpdateRule {
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
        return moments(shape, amsgrad);
    }

    @Override
    public void apply(ParameterUpdate u) {
        step(u, beta1, beta2, epsilon, amsgrad, (float) u.weightDecay(), 1);
    }

    /// First and second moment, and the largest second moment where it is used.
    static Map<String, long[]> moments(long[] shape, boolean amsgrad) {
        Map<String, long[]> state = new LinkedHashMap<>();
        state.put("exp_avg", shape);
        state.put("exp_avg_sq", shape);
        if (amsgrad) {
            state.put("max_exp_avg_sq", shape);
        }
        return state;
    }

    /// One step of Adam or AdamW.
    ///
    /// @param decay λ as a term of the gradient
    /// @param keepWeight the factor of the weight before the step
    static void step(ParameterUpdate u, double beta1, double beta2, double epsilon, boolean amsgrad, float decay,
            float keepWeight) {
        long w = u.weightAddress();
        long g = u.gradientAddress();
        long m = u.address("exp_avg");
        long v = u.address("exp_avg_sq");
        long most = amsgrad ? u.address("max_exp_avg_sq") : v;
        float scale = u.gradientScale();
        float keep1 = (float) beta1;
        float add1 = (float) (1 - beta1);
        float keep2 = (float) beta2;
        float add2 = (float) (1 - beta2);
        float eps = (float) epsilon;
        float rate = (float) (u.learningRate() / (1 - Math.pow(beta1, u.step())));
        float root = (float) (1 / Math.sqrt(1 - Math.pow(beta2, u.step())));
        u.elements((from, to) -> {
            for (long i = from; i < to; i += 4) {
                float old = Memory.f32(w + i);
                float gi = scale * Memory.f32(g + i) + decay * old;
                float mi = keep1 * Memory.f32(m + i) + add1 * gi;
                float vi = keep2 * Memory.f32(v + i) + add2 * gi * gi;
                Memory.f32(m + i, mi);
                Memory.f32(v + i, vi);
                if (amsgrad) {
                    vi = Math.max(vi, Memory.f32(most + i));
                    Memory.f32(most + i, vi);
                }
                Memory.f32(w + i, keepWeight * old - rate * mi / ((float) Math.sqrt(vi) * root + eps));
            }
        });
    }
}
