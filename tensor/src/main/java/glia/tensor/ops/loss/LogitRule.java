package glia.tensor.ops.loss;

import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Ranges;

/// What is made of the products u of a head: logits `z = scale · u`, or with a cap `z = scale · cap · tanh(u / cap)`.
///
/// @param scale a factor of the model, or the inverse of a temperature, or their product
/// @param cap infinite where there is none. https://arxiv.org/abs/2408.00118
public record LogitRule(float scale, float cap) {
    /// The products as they are.
    public static final LogitRule PLAIN = new LogitRule(1, Float.POSITIVE_INFINITY);

    public LogitRule {
        if (!(cap > 0) || !Float.isFinite(scale) || scale == 0) {
            throw new IllegalArgumentException("logits scaled by " + scale + " and capped at " + cap
                    + ", expected a finite factor other than 0 and a cap above 0");
        }
    }

    /// The same for logits that are divided by a temperature.
    public LogitRule withTemperature(float temperature) {
        return new LogitRule(scale / temperature, cap);
    }

    public boolean isCapped() {
        return !Float.isInfinite(cap);
    }

    /// Makes logits of products, in place.
    void apply(Kernels kernels, Tensor z) {
        if (isCapped()) {
            kernels.scale(z, z, 1 / cap);
            kernels.activate(z, z, Activation.TANH);
            kernels.scale(z, z, scale * cap);
        } else if (scale != 1) {
            kernels.scale(z, z, scale);
        }
    }

    /// Makes gradients of products of those of logits, in place: `du = dz · scale · (1 - (z / (scale · cap))²)`.
    ///
    /// @param z the logits; of no meaning where there is no cap
    void goBack(Kernels kernels, Tensor dz, Tensor z) {
        if (!isCapped()) {
            if (scale != 1) {
                kernels.scale(dz, dz, scale);
            }
            return;
        }
        int cols = dz.cols();
        Ranges.run(kernels.workers(), dz.rows(), 2L * cols, (from, to) -> {
            for (long i = (long) from * cols; i < (long) to * cols; i++) {
                float share = z.get(i) / (scale * cap);
                dz.set(i, dz.get(i) * scale * (1 - share * share));
            }
        });
    }
}
