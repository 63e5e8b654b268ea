package glia.train.optim;

import glia.tensor.Memory;
import java.util.LinkedHashMap;
import java.util.Map;

/// The moving averages of a gradient and of its square, which Adam and its relatives keep for each element:
///
/// ```
/// m ← β₁·m + (1-β₁)·g        v ← β₂·v + (1-β₂)·g²
/// ```
final class Moments {
    static final String FIRST = "exp_avg";
    static final String SECOND = "exp_avg_sq";

    private final long first;
    private final long second;
    private final float keep1;
    private final float add1;
    private final float keep2;
    private final float add2;

    Moments(ParameterUpdate u, double beta1, double beta2) {
        first = u.address(FIRST);
        second = u.address(SECOND);
        keep1 = (float) beta1;
        add1 = (float) (1 - beta1);
        keep2 = (float) beta2;
        add2 = (float) (1 - beta2);
    }

    /// The state tensors of a parameter of this shape.
    static Map<String, long[]> state(long[] shape) {
        Map<String, long[]> state = new LinkedHashMap<>();
        state.put(FIRST, shape);
        state.put(SECOND, shape);
        return state;
    }

    /// Updates m of the element at a byte offset and returns it.
    float first(long offset, float gradient) {
        float m = keep1 * Memory.f32(first + offset) + add1 * gradient;
        Memory.f32(first + offset, m);
        return m;
    }

    /// Updates v of the element at a byte offset and returns it.
    float second(long offset, float gradient) {
        float v = keep2 * Memory.f32(second + offset) + add2 * gradient * gradient;
        Memory.f32(second + offset, v);
        return v;
    }
}
