package glia.train.optim;

import glia.tensor.Memory;
import java.util.LinkedHashMap;
import java.util.Map;

/// RMSprop (Tieleman and Hinton 2012) with momentum μ. As `torch.optim.RMSprop`.
///
/// ```
/// g ← g + λ·w        v ← α·v + (1-α)·g²        a ← α·a + (1-α)·g
/// b ← μ·b + g/(√v + ε), or g/(√(v - a²) + ε) if it is centered        w ← w - η·b
/// ```
///
/// @param centered whether gradients are divided by their deviation
public record RmsProp(double alpha, double momentum, double epsilon, boolean centered) implements UpdateRule {
    public RmsProp {
        Checks.beta("alpha", alpha);
        Checks.beta("momentum", momentum);
        Checks.epsilon(epsilon);
    }

    /// α 0.99, no momentum, ε 1e-8.
    public RmsProp() {
        this(0.99, 0, 1e-8, false);
    }

    @Override
    public String name() {
        return "rmsprop";
    }

    @Override
    public Map<String, long[]> state(long[] shape) {
        Map<String, long[]> state = new LinkedHashMap<>();
        state.put("square_avg", shape);
        if (centered) {
            state.put("grad_avg", shape);
        }
        if (momentum != 0) {
            state.put("momentum_buffer", shape);
        }
        return state;
    }

    @Override
    public void apply(ParameterUpdate u) {
        long w = u.weightAddress();
        long g = u.gradientAddress();
        long v = u.address("square_avg");
        long a = centered ? u.address("grad_avg") : 0;
        long b = momentum == 0 ? 0 : u.address("momentum_buffer");
        float scale = u.gradientScale();
        float decay = (float) u.weightDecay();
        float rate = (float) u.learningRate();
        float keep = (float) alpha;
        float add = (float) (1 - alpha);
        float keepMomentum = (float) momentum;
        float eps = (float) epsilon;
        u.elements((from, to) -> {
            for (long i = from; i < to; i += 4) {
                float old = Memory.f32(w + i);
                float gi = scale * Memory.f32(g + i) + decay * old;
                float vi = keep * Memory.f32(v + i) + add * gi * gi;
                Memory.f32(v + i, vi);
                float variance = vi;
                if (a != 0) {
                    float mean = keep * Memory.f32(a + i) + add * gi;
                    Memory.f32(a + i, mean);
                    variance = vi - mean * mean;
                }
                float update = gi / ((float) Math.sqrt(variance) + eps);
                if (b != 0) {
                    update += keepMomentum * Memory.f32(b + i);
                    Memory.f32(b + i, update);
                }
                Memory.f32(w + i, old - rate * update);
            }
        });
    }
}
