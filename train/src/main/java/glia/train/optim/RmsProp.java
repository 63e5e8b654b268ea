package glia.train.optim;

import glia.tensor.Memory;
import glia.train.optim.ParameterUpdate.Average;
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
    public Map<String, long[]> state(long[] shape) {
        Map<String, long[]> state = UpdateRule.tensors(shape, "square_avg");
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
        Average v = u.average("square_avg", alpha);
        Average a = centered ? u.average("grad_avg", alpha) : null;
        long b = momentum == 0 ? 0 : u.address("momentum_buffer");
        float rate = (float) u.learningRate();
        float keep = (float) momentum;
        float eps = (float) epsilon;
        u.weights(false, (i, w, g) -> {
            float mean = a == null ? 0 : a.of(i, g);
            float update = g / ((float) Math.sqrt(v.ofSquare(i, g) - mean * mean) + eps);
            if (b != 0) {
                update += keep * Memory.f32(b + i);
                Memory.f32(b + i, update);
            }
            return w - rate * update;
        });
    }
}
