package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;

/// Group normalization over time, without weights: each group of columns of `[T, C]` gets mean 0 and variance 1 over
/// its columns and all rows, `y = (x - mean) / √(variance + eps)`. https://arxiv.org/abs/1803.08494
///
/// @param groups of consecutive columns
public record TimeNorm(Tensor x, int groups, float eps) implements UnaryOperation, Operation.ReadsInputs {
    public TimeNorm {
        Compute.require(groups > 0 && x.cols() % groups == 0, "group norm", x, groups);
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        int width = x.cols() / groups;
        Ranges.run(ops.kernels().workers(), groups, 4L * x.rows() * width, (from, to) -> {
            for (int g = from; g < to; g++) {
                double[] moments = moments(g);
                for (int t = 0; t < x.rows(); t++) {
                    for (int c = g * width; c < (g + 1) * width; c++) {
                        long at = (long) t * x.cols() + c;
                        y.set(at, (float) ((x.get(at) - moments[0]) * moments[1]));
                    }
                }
            }
        });
        return y;
    }

    /// The mean of a group and 1 divided by its standard deviation.
    private double[] moments(int group) {
        int width = x.cols() / groups;
        double sum = 0;
        double square = 0;
        for (int pass = 0; pass < 2; pass++) {
            double mean = sum / ((double) x.rows() * width);
            for (int t = 0; t < x.rows(); t++) {
                for (int c = group * width; c < (group + 1) * width; c++) {
                    double v = x.get((long) t * x.cols() + c);
                    sum += pass == 0 ? v : 0;
                    square += pass == 0 ? 0 : (v - mean) * (v - mean);
                }
            }
        }
        double count = (double) x.rows() * width;
        return new double[] {sum / count, 1 / Math.sqrt(square / count + eps)};
    }

    /// `dx += (dy - mean(dy) - y mean(y dy)) / deviation` in each group.
    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        int width = x.cols() / groups;
        double count = (double) x.rows() * width;
        for (int g = 0; g < groups; g++) {
            double[] moments = moments(g);
            double mean = 0;
            double along = 0;
            for (int pass = 0; pass < 2; pass++) {
                for (int t = 0; t < x.rows(); t++) {
                    for (int c = g * width; c < (g + 1) * width; c++) {
                        long at = (long) t * x.cols() + c;
                        double v = (x.get(at) - moments[0]) * moments[1];
                        if (pass == 0) {
                            mean += dy.get(at) / count;
                            along += v * dy.get(at) / count;
                        } else {
                            dx.set(at, dx.get(at) + (float) ((dy.get(at) - mean - v * along) * moments[1]));
                        }
                    }
                }
            }
        }
    }
}
