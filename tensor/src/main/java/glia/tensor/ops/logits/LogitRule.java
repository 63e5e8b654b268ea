package glia.tensor.ops.logits;

import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Ranges;

/// Computes logits from the output u of a head: `z = scale · u`, or with a soft cap `z = scale · cap · tanh(u / cap)`.
///
/// @param scale the model's logit scale, or an inverse temperature, or their product
/// @param cap infinite for none. https://arxiv.org/abs/2408.00118
public record LogitRule(float scale, float cap) {
    /// `z = u`.
    public static final LogitRule PLAIN = new LogitRule(1, Float.POSITIVE_INFINITY);

    public LogitRule {
        if (!(cap > 0) || !Float.isFinite(scale) || scale == 0) {
            throw new IllegalArgumentException("logits scaled by " + scale + " and capped at " + cap
                    + ", expected a finite factor other than 0 and a cap above 0");
        }
    }

    /// Returns the rule with logits divided by a temperature.
    public LogitRule withTemperature(float temperature) {
        return new LogitRule(scale / temperature, cap);
    }

    public boolean isCapped() {
        return !Float.isInfinite(cap);
    }

    /// Converts outputs to logits, in place.
    void apply(Kernels kernels, Tensor z) {
        if (isCapped()) {
            kernels.scale(z, z, 1 / cap);
            kernels.activate(z, z, Activation.TANH);
            kernels.scale(z, z, scale * cap);
        } else if (scale != 1) {
            kernels.scale(z, z, scale);
        }
    }

    /// Converts gradients of logits to those of outputs, in place: `du = dz · scale · (1 - (z / (scale · cap))²)`.
    ///
    /// @param z the logits; ignored without a cap
    void backward(Kernels kernels, Tensor dz, Tensor z) {
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
