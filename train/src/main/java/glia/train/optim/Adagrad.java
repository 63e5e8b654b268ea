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
    public String name() {
        return "adagrad";
    }

    @Override
    public Map<String, long[]> state(long[] shape) {
        return Map.of("sum", shape);
    }

    @Override
    public void apply(ParameterUpdate u) {
        long w = u.weightAddress();
        long g = u.gradientAddress();
        long s = u.address("sum");
        float scale = u.gradientScale();
        float decay = (float) u.weightDecay();
        float rate = (float) (u.learningRate() / (1 + (u.step() - 1) * rateDecay));
        float begin = u.step() == 1 ? (float) initial : 0;
        float eps = (float) epsilon;
        u.elements((from, to) -> {
            for (long i = from; i < to; i += 4) {
                float old = Memory.f32(w + i);
                float gi = scale * Memory.f32(g + i) + decay * old;
                float si = begin + Memory.f32(s + i) + gi * gi;
                Memory.f32(s + i, si);
                Memory.f32(w + i, old - rate * gi / ((float) Math.sqrt(si) + eps));
            }
        });
    }
}
