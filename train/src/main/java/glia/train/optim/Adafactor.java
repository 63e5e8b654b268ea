package glia.train.optim;

import glia.tensor.Memory;
import java.util.LinkedHashMap;
import java.util.Map;

/// Adafactor (Shazeer and Stern, https://arxiv.org/abs/1804.04235): second moments of a matrix as the product of a
/// column of row means and a row of column means, so that their memory is R + C and not R·C. As `Adafactor` in
/// Transformers.
///
/// ```
/// β = 1 - t^d        row ← β·row + (1-β)·mean_c(g² + ε₁)        col ← β·col + (1-β)·mean_r(g² + ε₁)
/// u = g/√(row·col/mean(row))        u ← u/max(1, rms(u)/clip)
/// η = rate, or min(1e-2 or 1e-6·t, 1/√t) where it is relative;  times max(ε₂, rms(w)) where it is scaled
/// w ← w - λ·η·w - η·u        with β₁: of the moving average of η·u
/// ```
///
/// @param beta1 of the first moment; 0 for none
/// @param clip threshold for the root mean square of an update
/// @param scaled whether the rate is multiplied by the parameter's root mean square
/// @param relative whether the rate is made from the step and not given
/// @param warmUp whether a relative rate grows from 1e-6
/// @param decay d, below 0
/// @param tiny ε₁
/// @param smallestScale ε₂
public record Adafactor(double beta1, double clip, boolean scaled, boolean relative, boolean warmUp, double decay,
        double tiny, double smallestScale) implements UpdateRule {
    public Adafactor {
        Checks.beta("beta1", beta1);
        Checks.positive("clip", clip);
        if (warmUp && !relative) {
            throw new IllegalArgumentException("Adafactor's warm-up is one of relative rates");
        }
        if (!(decay < 0)) {
            throw new IllegalArgumentException("the exponent of Adafactor's decay is " + decay + ", expected below 0");
        }
        Checks.notNegative("the addition to squares", tiny);
        Checks.notNegative("the smallest scale", smallestScale);
    }

    /// With d -0.8, ε₁ 1e-30 and ε₂ 1e-3.
    public Adafactor(double beta1, double clip, boolean scaled, boolean relative, boolean warmUp) {
        this(beta1, clip, scaled, relative, warmUp, -0.8, 1e-30, 1e-3);
    }

    /// With the rate of the schedule, scaled by the size of the parameter.
    public Adafactor() {
        this(0, 1, true, false, false);
    }

    @Override
    public Map<String, long[]> state(long[] shape) {
        Map<String, long[]> state = new LinkedHashMap<>();
        if (beta1 != 0) {
            state.put("exp_avg", shape);
        }
        FactoredMoments.shapes(state, shape, "exp_avg_sq_row", "exp_avg_sq_col", "exp_avg_sq");
        state.put("RMS", new long[] {1});
        return state;
    }

    @Override
    public boolean isElementwise() {
        return false;
    }

    @Override
    public void apply(ParameterUpdate u) {
        long t = u.step();
        double rms = ParameterUpdate.rootMeanSquare(u.weight());
        Memory.f32(u.address("RMS"), (float) rms);
        double rate = relative ? Math.min(warmUp ? 1e-6 * t : 1e-2, 1 / Math.sqrt(t)) : u.learningRate();
        double eta = scaled ? rate * Math.max(smallestScale, rms) : rate;
        FactoredMoments moments = FactoredMoments.update(u, 1 - Math.pow(t, decay), tiny, 0, 0,
                "exp_avg_sq_row", "exp_avg_sq_col", "exp_avg_sq");
        double size = moments.rootMeanSquareOfUpdate();
        double factor = eta / Math.max(1, size / clip);
        double keepWeight = 1 - u.weightDecay() * eta;
        long w = u.weightAddress();
        long m = beta1 == 0 ? 0 : u.address("exp_avg");
        moments.each((offset, update) -> {
            double step = factor * update;
            if (m != 0) {
                step = beta1 * Memory.f32(m + offset) + (1 - beta1) * step;
                Memory.f32(m + offset, (float) step);
            }
            Memory.f32(w + offset, (float) (Memory.f32(w + offset) * keepWeight - step));
        });
    }
}
