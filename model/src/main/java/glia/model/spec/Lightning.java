package glia.model.spec;

import glia.tensor.kernel.Activation;
import java.util.List;

/// Lightning attention (https://arxiv.org/abs/2401.04658, https://arxiv.org/abs/2501.08313): linear attention with a
/// fixed decay per head, `W_o · (norm(scan(q, k, v)) ⊙ σ(W_g x))` with `[q|k|v] = f(W_in x)` for each head.
///
/// @param rate factor of the heads' decay slopes, smaller in later layers
/// @param eps epsilon of the norm over all heads together
public record Lightning(int numHeads, int headSize, float rate, Activation activation, float eps) implements Mixer {
    public Lightning {
        Heads.check(numHeads, numHeads, headSize);
        NumberRange.WEIGHT.require("decay rate", rate);
        NumberRange.EPSILON.require("epsilon of the norm", eps);
        // All sizes fit 32 bits.
        Math.multiplyExact(Math.multiplyExact(Math.multiplyExact(3, numHeads), headSize), headSize);
    }

    /// The width of all heads together.
    public int size() {
        return numHeads * headSize;
    }

    /// The decay slope of each head, `rate · 2^(-8 h / H)`, h from 1 on.
    public float[] slopes() {
        float[] slopes = new float[numHeads];
        for (int h = 0; h < numHeads; h++) {
            slopes[h] = (float) (rate * Math.pow(2, -8.0 * (h + 1) / numHeads));
        }
        return slopes;
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        shapes.add(Role.INPUT, 3L * size(), hidden);
        shapes.add(Role.GATE, size(), hidden);
        shapes.add(Role.GATED_NORM, size());
        shapes.add(Role.OUTPUT, hidden, size());
    }

    @Override
    public List<CacheKind> caches() {
        return List.of(new CacheKind.Recurrence(size() * headSize));
    }

    @Override
    public String describe() {
        return "lightning attention, " + numHeads + " heads, state " + headSize + "×" + headSize;
    }
}
