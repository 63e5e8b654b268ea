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
    private static final String BUFFER = "momentum_buffer";

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
    public Map<String, long[]> state(long[] shape) {
        return momentum == 0 ? Map.of() : UpdateRule.tensors(shape, BUFFER);
    }

    @Override
    public void apply(ParameterUpdate u) {
        long b = momentum == 0 ? 0 : u.address(BUFFER);
        boolean first = u.step() == 1;
        float rate = (float) u.learningRate();
        float keep = (float) momentum;
        float add = (float) (1 - dampening);
        u.weights(false, (i, w, g) -> {
            if (b == 0) {
                return w - rate * g;
            }
            float bi = first ? g : keep * Memory.f32(b + i) + add * g;
            Memory.f32(b + i, bi);
            return w - rate * (nesterov ? g + keep * bi : bi);
        });
    }
}
