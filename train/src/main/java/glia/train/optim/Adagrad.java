package glia.train.optim;

import glia.tensor.Memory;
import java.util.Map;

/// Adagrad (Duchi, Hazan and Singer 2011, https://jmlr.org/papers/v12/duchi11a.html). As `torch.optim.Adagrad`.
///
/// ```
/// g ← g + λ·w        s ← s + g²        w ← w - η·g/(√s + ε)
/// ```
public record Adagrad(double epsilon) implements UpdateRule {
    public Adagrad {
        Checks.epsilon(epsilon);
    }

    /// ε 1e-10.
    public Adagrad() {
        this(1e-10);
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
        float rate = (float) u.learningRate();
        float eps = (float) epsilon;
        u.elements((from, to) -> {
            for (long i = from; i < to; i += 4) {
                float old = Memory.f32(w + i);
                float gi = scale * Memory.f32(g + i) + decay * old;
                float si = Memory.f32(s + i) + gi * gi;
                Memory.f32(s + i, si);
                Memory.f32(w + i, old - rate * gi / ((float) Math.sqrt(si) + eps));
            }
        });
    }
}
