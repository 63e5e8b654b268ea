package glia.train.optim;

import glia.tensor.Memory;
import java.util.LinkedHashMap;
import java.util.Map;

/// Adafactor as `torch.optim.Adafactor` computes it: the rate is always scaled by the size of the parameter and never
/// above 1/√t, updates are clipped to a root mean square of d, and moments decay with `t^p`.
///
/// ```
/// ρ = min(η, 1/√t)        α = max(ε₂, rms(w))·ρ        w ← w·(1 - η·λ)
/// row, col ← moving means of g²        u = g/√(row·col/mean(row))        w ← w - α·u/max(1, rms(u)/d)
/// ```
/// where mean(row) is at least ε₁ and row·col/mean(row) at least ε₁².
///
/// @param decay p, at most 0
/// @param smallestDeviation ε₁
/// @param smallestScale ε₂
public record TorchAdafactor(double d, double decay, double smallestDeviation, double smallestScale)
        implements UpdateRule {
    /// The smallest number by which 1 can differ in F32.
    public static final double EPSILON = Math.ulp(1f);

    public TorchAdafactor {
        if (!(d >= 1 && d < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("d is " + d + ", expected a finite number of at least 1");
        }
        if (!(decay <= 0)) {
            throw new IllegalArgumentException("the exponent of the decay is " + decay + ", expected at most 0");
        }
        Checks.notNegative("ε₁", smallestDeviation);
        Checks.notNegative("ε₂", smallestScale);
    }

    /// d 1, p -0.8, ε₁ [#EPSILON], ε₂ 1e-3.
    public TorchAdafactor() {
        this(1, -0.8, EPSILON, 1e-3);
    }

    @Override
    public String name() {
        return "adafactor-torch";
    }

    @Override
    public Map<String, long[]> state(long[] shape) {
        Map<String, long[]> state = new LinkedHashMap<>();
        FactoredMoments.shapes(state, shape, "row_var", "col_var", "variance");
        return state;
    }

    @Override
    public boolean isElementwise() {
        return false;
    }

    @Override
    public void apply(ParameterUpdate u) {
        long t = u.step();
        double rho = Math.min(u.learningRate(), 1 / Math.sqrt(t));
        double alpha = Math.max(smallestScale, ParameterUpdate.rootMeanSquare(u.weight())) * rho;
        FactoredMoments moments = FactoredMoments.update(u, 1 - Math.pow(t, decay), 0,
                smallestDeviation * smallestDeviation, smallestDeviation, "row_var", "col_var", "variance");
        double factor = alpha / Math.max(1, moments.rootMeanSquareOfUpdate() / d);
        double keepWeight = 1 - u.learningRate() * u.weightDecay();
        long w = u.weightAddress();
        moments.each((offset, update) -> Memory.f32(w + offset,
                (float) (Memory.f32(w + offset) * keepWeight - factor * update)));
    }
}
