package glia.train.optim;

import glia.tensor.Memory;
import java.util.Map;

/// Adagrad (Duchi, Hazan and Singer 2011, https://jmlr.org/papers/v12/duchi11a.html). As `torch.optim.Adagrad`.
///
/// ```
/// g ← g + λ·w        s ← s + g²        w ← w - η·g/(√s + ε)
/// ```
/// with the rate `η/(1 + (t-1)·δ)` at step t.
///
/// @param rateDecay δ
/// @param initial s before the first step
public record Adagrad(double epsilon, double rateDecay, double initial) implements UpdateRule {
    public Adagrad {
        Checks.epsilon(epsilon);
        Checks.notNegative("the decay of the rate", rateDecay);
        Checks.notNegative("the initial sum", initial);
    }

    /// ε 1e-10, no decay, sums from 0 on.
    public Adagrad() {
        this(1e-10, 0, 0);
    }

    @Override
    public Map<String, long[]> state(long[] shape) {
        return UpdateRule.tensors(shape, "sum");
    }

    @Override
    public void apply(ParameterUpdate u) {
        long s = u.address("sum");
        float rate = (float) (u.learningRate() / (1 + (u.step() - 1) * rateDecay));
        float begin = u.step() == 1 ? (float) initial : 0;
        float eps = (float) epsilon;
        u.weights(false, (i, w, g) -> {
            float sum = begin + Memory.f32(s + i) + g * g;
            Memory.f32(s + i, sum);
            return w - rate * g / ((float) Math.sqrt(sum) + eps);
        });
    }
}
