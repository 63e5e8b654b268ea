package glia.train.optim;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Map;

/// Muon (Jordan 2024, https://kellerjordan.github.io/posts/muon/; scaled as in https://arxiv.org/abs/2502.16982): the
/// momentum of a matrix, made orthogonal by [NewtonSchulz]. Only for matrices; other parameters take [AdamW]. As
/// `torch.optim.Muon`.
///
/// ```
/// b ← μ·b + (1-μ)·g        u = (1-μ)·g + μ·b, or b without Nesterov
/// w ← w·(1 - η·λ) - η·s·orthogonal(u)
/// ```
/// for w `[R,C]` with `s = √max(1, R/C)`, or `s = 0.2·√max(R,C)` where the update is to have the size of AdamW's.
///
/// @param iteration how a matrix is made orthogonal
/// @param matchAdamW which of the two scales is used
public record Muon(double momentum, boolean nesterov, NewtonSchulz iteration, boolean matchAdamW)
        implements UpdateRule {
    public Muon {
        Checks.beta("momentum", momentum);
    }

    /// With so many steps of the usual iteration.
    public Muon(double momentum, boolean nesterov, int steps, boolean matchAdamW) {
        this(momentum, nesterov, new NewtonSchulz(steps), matchAdamW);
    }

    /// μ 0.95 with Nesterov's step and five iterations.
    public Muon() {
        this(0.95, true, 5, false);
    }

    @Override
    public boolean accepts(long[] shape) {
        return shape.length == 2;
    }

    @Override
    public Map<String, long[]> state(long[] shape) {
        return Map.of("momentum_buffer", shape);
    }

    @Override
    public boolean isElementwise() {
        return false;
    }

    @Override
    public void apply(ParameterUpdate u) {
        int rows = u.weight().rows();
        int cols = u.weight().cols();
        long g = u.gradientAddress();
        ParameterUpdate.Average b = u.average("momentum_buffer", momentum);
        double size = matchAdamW ? 0.2 * Math.sqrt(Math.max(rows, cols)) : Math.sqrt(Math.max(1, (double) rows / cols));
        float rate = (float) (u.learningRate() * size);
        try (Arena arena = Arena.ofShared()) {
            Tensor update = Tensor.allocate(arena, DType.F32, rows, cols);
            long x = Memory.address(update.address());
            u.elements((from, to) -> {
                for (long i = from; i < to; i += 4) {
                    float gi = u.gradientScale() * Memory.f32(g + i);
                    float bi = b.of(i, gi);
                    Memory.f32(x + i, nesterov ? b.add() * gi + b.keep() * bi : bi);
                }
            });
            long y = Memory.address(iteration.orthogonal(update, u.kernels(), arena).address());
            u.weights(true, (i, old, gradient) -> old - rate * Memory.f32(y + i));
        }
    }
}
