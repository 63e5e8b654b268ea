package glia.train.optim;

import glia.engine.training.Shards;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import java.util.Collection;

/// Gradient clipping by the norm of all gradients together, as `torch.nn.utils.clip_grad_norm_`.
public final class GradientNorm {
    private static final double EPSILON = 1e-6;

    private GradientNorm() { }

    /// `√(Σ g²)` over all elements, in double precision, on all threads of the kernels. The number of threads does not
    /// change it.
    public static double of(Kernels kernels, Collection<Tensor> gradients) {
        double sum = 0;
        for (Tensor g : gradients) {
            for (double part : parts(kernels, g)) {
                sum += part;
            }
        }
        return Math.sqrt(sum);
    }

    /// The sums of squares of blocks of [Shards#BLOCK] elements. Norms add up these, so that several ranks may compute
    /// them.
    static double[] parts(Kernels kernels, Tensor gradient) {
        long size = gradient.size();
        double[] parts = new double[Math.toIntExact(Math.ceilDiv(size, Shards.BLOCK))];
        for (int i = 0; i < parts.length; i++) {
            long from = (long) i * Shards.BLOCK;
            parts[i] = kernels.gradients().sumOfSquares(gradient.view(Float.BYTES * from, DType.F32,
                    Math.min(Shards.BLOCK, size - from)));
        }
        return parts;
    }

    /// The factor that brings a norm down to a limit: `min(1, limit/(norm + 1e-6))`.
    ///
    /// @param limit infinite for no clipping
    public static float clipFactor(double norm, double limit) {
        if (!(limit > 0)) {
            throw new IllegalArgumentException("largest gradient norm is " + limit + ", expected a number above 0");
        }
        return (float) Math.min(1, limit / (norm + EPSILON));
    }
}
