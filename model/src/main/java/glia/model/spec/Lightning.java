package glia.model.spec;

import glia.tensor.kernel.Activation;
import java.util.List;

/// Lightning attention (https://arxiv.org/abs/2401.04658, https://arxiv.org/abs/2501.08313): linear attention of heads
/// that forget at fixed rates, `W_o · (norm(scan(q, k, v)) · σ(W_g x))` with `[q|k|v] = f(W_in x)` head by head.
///
/// @param rate what the heads' slopes are multiplied with, smaller in later layers
/// @param eps of the norm over all heads together
public record Lightning(int numHeads, int headSize, float rate, Activation activation, float eps) implements Mixer {
    public Lightning {
        Heads.check(numHeads, numHeads, headSize);
        NumberRange.WEIGHT.require("decay rate", rate);
        NumberRange.EPSILON.require("epsilon of the norm", eps);
        // All sizes fit 32 bits.
        Math.multiplyExact(Math.multiplyExact(Math.multiplyExact(3, numHeads), headSize), headSize);
    }

    /// The numbers of all heads.
    public int size() {
        return numHeads * headSize;
    }

    /// How fast each head forgets: `rate · 2^(-8 h / H)`, h from 1 on.
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
