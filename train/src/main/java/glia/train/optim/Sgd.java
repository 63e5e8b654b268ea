package glia.train.optim;

import glia.tensor.Memory;
import java.util.Map;

/// Stochastic gradient descent with momentum μ, dampening τ and Nesterov's step (Sutskever et al. 2013,
/// https://proceedings.mlr.press/v28/sutskever13.html). As `torch.optim.SGD`: weight decay is added to the gradient,
/// and the first momentum buffer is the first gradient, undampened.
///
/// ```
/// g ← g + λ·w        b ← μ·b + (1-τ)·g
/// w ← w - η·b        with Nesterov: w ← w - η·(g + μ·b)
/// ```
public record Sgd(double momentum, double dampening, boolean nesterov) implements UpdateRule {
    public Sgd {
        Checks.beta("momentum", momentum);
        Checks.notNegative("dampening", dampening);
        if (nesterov && (momentum == 0 || dampening != 0)) {
            throw new IllegalArgumentException("Nesterov's step needs momentum above 0 and dampening 0");
        }
    }

    /// Without momentum.
    public Sgd() {
        this(0, 0, false);
    }

    @Override
    public String name() {
        return "sgd";
    }

    @Override
    public Map<String, long[]> state(long[] shape) {
        return momentum == 0 ? Map.of() : Map.of("momentum_buffer", shape);
    }

    @Override
    public void apply(ParameterUpdate u) {
        long w = u.weightAddress();
        long g = u.gradientAddress();
        long b = momentum == 0 ? 0 : u.address("momentum_buffer");
        boolean first = u.step() == 1;
        float scale = u.gradientScale();
        float decay = (float) u.weightDecay();
        float rate = (float) u.learningRate();
        float keep = (float) momentum;
        float add = first ? 1 : (float) (1 - dampening);
        u.elements((from, to) -> {
            for (long i = from; i < to; i += 4) {
                float old = Memory.f32(w + i);
                float gi = scale * Memory.f32(g + i) + decay * old;
                float update = gi;
                if (b != 0) {
                    float bi = first ? gi : keep * Memory.f32(b + i) + add * gi;
                    Memory.f32(b + i, bi);
                    update = nesterov ? gi + keep * bi : bi;
                }
                Memory.f32(w + i, old - rate * update);
            }
        });
    }
}
