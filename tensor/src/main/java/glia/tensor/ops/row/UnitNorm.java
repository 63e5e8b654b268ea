package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;

/// Normalization without weights of each group of `size` columns: `y = x / √(Σ x² / divisor + eps)`.
public record UnitNorm(Tensor x, int size, int divisor, float eps)
        implements UnaryOperation, Operation.Rounded, Operation.ReadsInputs {
    /// RMS normalization, `x / √(mean(x²) + eps)`. https://arxiv.org/abs/1910.07467
    public static UnitNorm rms(Tensor x, int size, float eps) {
        return new UnitNorm(x, size, size, eps);
    }

    /// L2 normalization, `x / √(Σ x² + eps)`.
    public static UnitNorm length(Tensor x, int size, float eps) {
        return new UnitNorm(x, size, 1, eps);
    }

    public UnitNorm {
        Compute.require(size > 0 && x.cols() % size == 0, "norm", x, size);
    }

    private double factor(long at) {
        double sum = 0;
        for (int i = 0; i < size; i++) {
            double v = x.get(at + i);
            sum += v * v;
        }
        return 1 / Math.sqrt(sum / divisor + eps);
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        Ranges.run(ops.kernels().workers(), x.rows(), 2L * x.cols(), (from, to) -> {
            for (long at = (long) from * x.cols(); at < (long) to * x.cols(); at += size) {
                float r = (float) factor(at);
                for (int i = 0; i < size; i++) {
                    y.set(at + i, x.get(at + i) * r);
                }
            }
        });
        return y;
    }

    /// `dx += r · (dy - x · r² · Σ (dy · x) / divisor)`.
    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        Ranges.run(tape.kernels().workers(), x.rows(), 4L * x.cols(), (from, to) -> {
            for (long at = (long) from * x.cols(); at < (long) to * x.cols(); at += size) {
                double r = factor(at);
                double dot = 0;
                for (int i = 0; i < size; i++) {
                    dot += (double) dy.get(at + i) * x.get(at + i);
                }
                double pull = r * r * dot / divisor;
                for (int i = 0; i < size; i++) {
                    double d = r * (dy.get(at + i) - x.get(at + i) * pull);
                    dx.set(at + i, dx.get(at + i) + (float) d);
                }
            }
        });
    }
}
