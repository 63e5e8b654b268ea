package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;

/// What of each value exceeds its row's mean by more than some standard deviations:
/// `y = max(0, x - mean(x) - factor · √(mean((x - mean(x))²)))`. With the factor `Φ⁻¹(p)` and normal values a part p of
/// them becomes 0. https://arxiv.org/abs/2506.06644
public record DeviationCut(Tensor x, float factor) implements UnaryOperation {
    private record Moments(double mean, double deviation) { }

    private Moments moments(int n) {
        double sum = 0;
        for (long i = (long) n * x.cols(); i < (n + 1L) * x.cols(); i++) {
            sum += x.get(i);
        }
        double mean = sum / x.cols();
        double squares = 0;
        for (long i = (long) n * x.cols(); i < (n + 1L) * x.cols(); i++) {
            squares += (x.get(i) - mean) * (x.get(i) - mean);
        }
        return new Moments(mean, Math.sqrt(squares / x.cols()));
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        Ranges.run(ops.kernels().workers(), x.rows(), 4L * x.cols(), (from, to) -> {
            for (int n = from; n < to; n++) {
                Moments m = moments(n);
                double cut = m.mean + m.deviation * factor;
                for (long i = (long) n * x.cols(); i < (n + 1L) * x.cols(); i++) {
                    y.set(i, (float) Math.max(0, x.get(i) - cut));
                }
            }
        });
        return y;
    }

    /// With the sum s of the gradients of positive results:
    /// `dx += dy - (s / C) · (1 + factor · (x - mean) / deviation)`.
    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        Ranges.run(tape.kernels().workers(), x.rows(), 8L * x.cols(), (from, to) -> {
            for (int n = from; n < to; n++) {
                Moments m = moments(n);
                double sum = 0;
                for (long i = (long) n * x.cols(); i < (n + 1L) * x.cols(); i++) {
                    sum += y.get(i) > 0 ? dy.get(i) : 0;
                }
                double share = sum / x.cols();
                for (long i = (long) n * x.cols(); i < (n + 1L) * x.cols(); i++) {
                    double slope = m.deviation == 0 ? 0 : factor * (x.get(i) - m.mean) / m.deviation;
                    dx.set(i, dx.get(i) + (float) ((y.get(i) > 0 ? dy.get(i) : 0) - share * (1 + slope)));
                }
            }
        });
    }
}
